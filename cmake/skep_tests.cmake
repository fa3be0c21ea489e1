# Tests.  Every test/unit/<folder>/<name>.c is a program of its own, and so is every .c file in the
# other folders of test/ that have no CMakeLists.txt; a folder that has one decides for itself.
find_library(CMOCKA cmocka)

function(skep_label_test name)
  set_property(TEST ${name} APPEND PROPERTY LABELS ${ARGN} ${SKEP_LABEL})
  set_property(TEST ${name} PROPERTY ENVIRONMENT
    "UBSAN_OPTIONS=print_stacktrace=1" "ASAN_OPTIONS=detect_stack_use_after_return=1")
endfunction()

# A program that sees the internals.
function(skep_test_program target source)
  add_executable(${target} ${source})
  target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/test)
  target_compile_definitions(${target} PRIVATE _GNU_SOURCE TEST_DIR="${CMAKE_SOURCE_DIR}/test"
                             SOURCE_DIR="${CMAKE_SOURCE_DIR}" BUILD_DIR="${CMAKE_BINARY_DIR}")
  target_link_libraries(${target} PRIVATE skep_static ${ARGN})
  set_target_properties(${target} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/test)
endfunction()

file(GLOB support_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/support/*.c)
if(support_sources)
  add_library(test_support STATIC ${support_sources})
  target_include_directories(test_support PRIVATE ${CMAKE_SOURCE_DIR}/src
                                                  ${CMAKE_SOURCE_DIR}/test)
  target_compile_definitions(test_support PRIVATE _GNU_SOURCE)
  target_link_libraries(test_support PRIVATE skep_static)
  set(support test_support)
endif()

function(skep_add_test kind source)
  get_filename_component(base ${source} NAME_WE)
  string(REPLACE / . dotted ${kind})
  string(REPLACE / _ underscored ${kind})
  skep_test_program(${underscored}_${base} ${source} ${support} ${CMOCKA})
  add_test(NAME ${dotted}.${base} COMMAND ${underscored}_${base}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_property(TEST ${dotted}.${base} PROPERTY TIMEOUT 300)
  skep_label_test(${dotted}.${base})
endfunction()

if(CMOCKA)
  file(GLOB unit_sources CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/test
       ${CMAKE_SOURCE_DIR}/test/unit/*/*.c)
  foreach(source ${unit_sources})
    get_filename_component(kind ${source} DIRECTORY)
    skep_add_test(${kind} ${CMAKE_SOURCE_DIR}/test/${source})
  endforeach()
  # Sees which pages a map has.
  target_link_options(unit_map_written PRIVATE -Wl,--wrap=os_pages_commit,--wrap=os_pages_free)
  file(GLOB kinds CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}/test ${CMAKE_SOURCE_DIR}/test/*)
  list(REMOVE_ITEM kinds unit support fuzz)
  foreach(kind ${kinds})
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/${kind}/*.c)
    if(EXISTS ${CMAKE_SOURCE_DIR}/test/${kind}/CMakeLists.txt)
      add_subdirectory(${CMAKE_SOURCE_DIR}/test/${kind} ${CMAKE_BINARY_DIR}/test/${kind})
    else()
      foreach(source ${sources})
        skep_add_test(${kind} ${source})
      endforeach()
    endif()
  endforeach()
else()
  message(WARNING "The unit tests are not built: they need libcmocka.")
endif()
include(skep_fuzz)
include(skep_checks)
