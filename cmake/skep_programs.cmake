# Benchmarks and examples: each folder decides for itself.  Nobody measures under a sanitizer.
if(NOT SKEP_SANITIZE)
  add_subdirectory(${CMAKE_SOURCE_DIR}/bench ${CMAKE_BINARY_DIR}/bench)
endif()
add_subdirectory(${CMAKE_SOURCE_DIR}/examples ${CMAKE_BINARY_DIR}/examples)
