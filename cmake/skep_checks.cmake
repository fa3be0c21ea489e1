# The tools that look at the tree, as tests: each on the tree, and on violations that it must see.
# They look at sources, so one build of them is enough: the one without sanitizers.
if(SKEP_SANITIZE)
  return()
endif()
find_package(Python3 COMPONENTS Interpreter)
if(NOT Python3_FOUND)
  message(WARNING "The checks of the tree are not run: they need Python 3.")
  return()
endif()

function(skep_add_check name)
  add_test(NAME check.${name} COMMAND ${Python3_EXECUTABLE} tools/check_${name}.py ${ARGN}
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  add_test(NAME check.${name}.sees_violations
           COMMAND ${Python3_EXECUTABLE} tools/check_${name}.py --self-test
           WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  foreach(test check.${name} check.${name}.sees_violations)
    set_property(TEST ${test} PROPERTY SKIP_RETURN_CODE 77)
    skep_label_test(${test} check)
  endforeach()
endfunction()
skep_add_check(layers)
skep_add_check(names)
skep_add_check(docs)
skep_add_check(format)
skep_add_check(globals $<TARGET_FILE:skep_static>)
skep_add_check(headers)
skep_add_check(symbols . $<TARGET_FILE:skep_shared>)

set(embed ${CMAKE_SOURCE_DIR}/test/api/embed)
add_test(NAME embed.amalgamation
         COMMAND ${embed}/amalgamation.sh ${CMAKE_BINARY_DIR}/test/amalgamation)
add_test(NAME embed.installed
         COMMAND ${embed}/install.sh ${CMAKE_BINARY_DIR} ${CMAKE_BINARY_DIR}/test/installed)
foreach(test embed.amalgamation embed.installed)
  skep_label_test(${test} check)
endforeach()
