# libskep: one set of objects, a static and a shared library.
file(GLOB SKEP_SOURCES CONFIGURE_DEPENDS
     ${CMAKE_SOURCE_DIR}/src/*/*.c ${CMAKE_SOURCE_DIR}/src/*/*/*.c)
file(GLOB SKEP_PUBLIC_HEADERS CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/include/skep/*.h)

# What runs once per program is compiled for size; what runs per packet, for speed.
option(SKEP_SMALL "Compile what no packet waits for with -Os" OFF)
if(SKEP_SMALL)
  foreach(folder api btf contract elf ir isa load lower)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${folder}/*.c)
    list(FILTER sources EXCLUDE REGEX api/thread)
    set_source_files_properties(${sources} PROPERTIES COMPILE_OPTIONS -Os)
  endforeach()
  foreach(file base/diag base/status base/text helper/format helper/print helper/traced rt/timer)
    set_source_files_properties(${CMAKE_SOURCE_DIR}/src/${file}.c PROPERTIES COMPILE_OPTIONS -Os)
  endforeach()
endif()

add_library(skep_objects OBJECT ${SKEP_SOURCES})
target_include_directories(skep_objects PRIVATE ${CMAKE_SOURCE_DIR}/src
                                                ${CMAKE_SOURCE_DIR}/include)
function(skep_add_library target kind)
  add_library(${target} ${kind} $<TARGET_OBJECTS:skep_objects>)
  add_library(skep::${target} ALIAS ${target})
  target_include_directories(${target} INTERFACE
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}/include> $<INSTALL_INTERFACE:include>)
  target_link_libraries(${target} PUBLIC Threads::Threads)
  set_target_properties(${target} PROPERTIES OUTPUT_NAME skep)
endfunction()
skep_add_library(skep_static STATIC)
skep_add_library(skep_shared SHARED)

# Only skep_* leaves the shared library, whatever a source file forgets to hide.
set(exports ${CMAKE_SOURCE_DIR}/cmake/exports.map)
target_link_options(skep_shared PRIVATE -Wl,--version-script=${exports} -Wl,--no-undefined)
if(SKEP_SANITIZE)
  # clang leaves the sanitizer's run time to the executable.
  target_link_options(skep_shared PRIVATE -Wl,-z,undefs)
endif()
set_target_properties(skep_shared PROPERTIES
  LINK_DEPENDS ${exports} VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
