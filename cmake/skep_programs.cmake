# Benchmarks and examples: each folder decides for itself.
foreach(folder bench examples)
  add_subdirectory(${CMAKE_SOURCE_DIR}/${folder} ${CMAKE_BINARY_DIR}/${folder})
endforeach()
