# SPDX-License-Identifier: BSD-2-Clause
#
# cmake --install: headers, archive, manual pages, CMake package, pkg-config
# file.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(qpmap_package ${CMAKE_INSTALL_LIBDIR}/cmake/qpmap)

install(TARGETS qpmap EXPORT qpmap-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/qpmap DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY docs/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man9
    FILES_MATCHING PATTERN "*.9")
install(EXPORT qpmap-targets NAMESPACE qpmap:: DESTINATION ${qpmap_package})

configure_package_config_file(cmake/qpmap-config.cmake.in qpmap-config.cmake
    INSTALL_DESTINATION ${qpmap_package})
write_basic_package_version_file(qpmap-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qpmap-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/qpmap-config-version.cmake
    DESTINATION ${qpmap_package})

# The file finds its prefix from where it lies: cmake --install --prefix may
# move it.
file(RELATIVE_PATH qpmap_pc_prefix
    /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
string(REGEX REPLACE "/$" "" qpmap_pc_prefix "${qpmap_pc_prefix}")
list(TRANSFORM qpmap_definitions REPLACE "(.+)" "'-D\\1'"
    OUTPUT_VARIABLE qpmap_pc_definitions)
list(JOIN qpmap_pc_definitions " " qpmap_pc_definitions)
configure_file(cmake/qpmap.pc.in qpmap.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/qpmap.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
