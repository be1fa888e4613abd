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
        DESTINATION ${jacobench_cmake_dir})
