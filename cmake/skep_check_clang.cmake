# Reads the library's sources and the command's with clang too, for its warnings, when the compiler
# is another one.  Each file is read again only when it or one of its headers changed.
find_program(CLANG NAMES clang-19 clang)
if(NOT CLANG OR CMAKE_C_COMPILER_ID MATCHES Clang)
  return()
endif()
set(stamps)
foreach(source ${SKEP_SOURCES})
  file(RELATIVE_PATH relative ${CMAKE_SOURCE_DIR} ${source})
  string(REPLACE / . name ${relative})
  set(stamp ${CMAKE_BINARY_DIR}/check_clang/${name}.ok)
  add_custom_command(OUTPUT ${stamp}
    COMMAND ${CLANG} -std=c11 ${SKEP_WARNINGS} -I${CMAKE_SOURCE_DIR}/src
            -I${CMAKE_SOURCE_DIR}/include -fsyntax-only -MD -MF ${stamp}.d -MT ${stamp} ${source}
    COMMAND ${CMAKE_COMMAND} -E touch ${stamp}
    DEPENDS ${source} DEPFILE ${stamp}.d COMMENT "clang reads ${relative}" VERBATIM)
  list(APPEND stamps ${stamp})
endforeach()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/check_clang)
add_custom_target(check_clang ALL DEPENDS ${stamps})
