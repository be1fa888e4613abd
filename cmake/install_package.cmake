# `cmake --install` puts the library where find_package(jacobench) finds it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(jacobench_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/jacobench)
configure_package_config_file(cmake/jacobench-config.cmake.in ${PROJECT_BINARY_DIR}/jacobench-config.cmake
                              INSTALL_DESTINATION ${jacobench_cmake_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/jacobench-config-version.cmake
                                 COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/jacobench-config.cmake ${PROJECT_BINARY_DIR}/jacobench-config-version.cmake
              cmake/find_c_library.cmake cmake/FindSleef.cmake cmake/FindOpenBLAS.cmake
        DESTINATION ${jacobench_cmake_dir} COMPONENT development)

# `cpack` in a build folder makes two Debian packages: the program, and the library with its headers.
set(CPACK_GENERATOR DEB)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL program development)
set(CPACK_PACKAGE_CONTACT "the jacobench team")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION math)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME jacobench)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libjacobench-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_DEPENDS
    "libeigen3-dev, libceres-dev, libsleef-dev, libopenblas-dev, libboost-dev, libfmt-dev, libgomp1")
include(CPack)
