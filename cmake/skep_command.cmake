# The skep command, when its sources and its libraries are there.
file(GLOB command_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tool/skep/*.c)
if(PkgConfig_FOUND)
  pkg_check_modules(JANSSON IMPORTED_TARGET jansson)
  pkg_check_modules(PCAP IMPORTED_TARGET libpcap)
  pkg_check_modules(LIBBPF IMPORTED_TARGET libbpf)
  pkg_check_modules(CAPSTONE IMPORTED_TARGET capstone)
endif()

if(command_sources AND JANSSON_FOUND AND PCAP_FOUND)
  add_executable(skep ${command_sources})
  target_compile_definitions(skep PRIVATE _GNU_SOURCE)
  target_include_directories(skep PRIVATE ${CMAKE_SOURCE_DIR}/tool/skep)
  target_link_libraries(skep PRIVATE skep_static PkgConfig::JANSSON PkgConfig::PCAP)
  if(LIBBPF_FOUND)
    # The Linux kernel as one more engine of `skep bench`.
    target_link_libraries(skep PRIVATE PkgConfig::LIBBPF)
    target_compile_definitions(skep PRIVATE SKEP_HAVE_LIBBPF)
  endif()
  if(CAPSTONE_FOUND)
    # Machine code as text in `skep dump --jit`.
    target_link_libraries(skep PRIVATE PkgConfig::CAPSTONE)
    target_compile_definitions(skep PRIVATE SKEP_HAVE_CAPSTONE)
  endif()
  # The man page and the completion script come from the command's own tables.
  foreach(made "skep.1 --man" "skep.bash --completion")
    separate_arguments(made)
    list(GET made 0 file)
    list(GET made 1 option)
    add_custom_command(OUTPUT ${CMAKE_BINARY_DIR}/${file} DEPENDS skep
      COMMAND sh -c "'$<TARGET_FILE:skep>' help ${option} >'${CMAKE_BINARY_DIR}/${file}'"
      COMMENT "skep help ${option}" VERBATIM)
    list(APPEND command_files ${CMAKE_BINARY_DIR}/${file})
  endforeach()
  add_custom_target(command_files ALL DEPENDS ${command_files})
elseif(command_sources)
  message(WARNING "The skep command is not built: it needs libjansson and libpcap.")
endif()
