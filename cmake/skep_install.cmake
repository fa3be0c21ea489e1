# What `make install` puts where, and what other projects find it by.
include(CMakePackageConfigHelpers)
set(package ${CMAKE_INSTALL_LIBDIR}/cmake/skep)

install(TARGETS skep_static skep_shared EXPORT skep
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(FILES ${SKEP_PUBLIC_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/skep)
if(TARGET skep)
  install(TARGETS skep RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  install(FILES ${CMAKE_BINARY_DIR}/skep.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  install(FILES ${CMAKE_BINARY_DIR}/skep.bash RENAME skep
    DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endif()

# The prefix is known only when installing (cmake --install --prefix), so the file is made then.
install(CODE "
  set(PROJECT_VERSION ${PROJECT_VERSION})
  set(CMAKE_INSTALL_LIBDIR ${CMAKE_INSTALL_LIBDIR})
  set(CMAKE_INSTALL_INCLUDEDIR ${CMAKE_INSTALL_INCLUDEDIR})
  configure_file(${CMAKE_SOURCE_DIR}/cmake/skep.pc.in ${CMAKE_BINARY_DIR}/skep.pc @ONLY)")
install(FILES ${CMAKE_BINARY_DIR}/skep.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install(EXPORT skep NAMESPACE skep:: FILE skep-targets.cmake DESTINATION ${package})
configure_file(cmake/skep-config.cmake.in ${CMAKE_BINARY_DIR}/skep-config.cmake COPYONLY)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/skep-config-version.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/skep-config.cmake ${CMAKE_BINARY_DIR}/skep-config-version.cmake
  DESTINATION ${package})
