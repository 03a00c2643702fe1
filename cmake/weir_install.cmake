# The installed package: weir::weir for find_package(weir), weir for pkg-config. Include it after all rooms are made.
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/weir)
install(EXPORT weir NAMESPACE weir:: DESTINATION ${package_dir} FILE weirTargets.cmake)
configure_package_config_file(cmake/weirConfig.cmake.in weirConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(weirConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/weirConfig.cmake ${PROJECT_BINARY_DIR}/weirConfigVersion.cmake
              ${PROJECT_SOURCE_DIR}/cmake/weir_dependencies.cmake
        DESTINATION ${package_dir})

# What an operator of a pipeline wants beside the library.
set(data_dir ${CMAKE_INSTALL_DATADIR}/weir)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/deploy/grafana/ DESTINATION ${data_dir}/grafana)
install(FILES ${PROJECT_SOURCE_DIR}/deploy/prometheus/alerts.yml DESTINATION ${data_dir}/prometheus)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

# A linker reads archives from left to right, so users come before what they use: the rooms in the reverse of the
# order in which they were made.
get_directory_property(targets BUILDSYSTEM_TARGETS)
foreach(target IN LISTS targets)
  get_target_property(type ${target} TYPE)
  if(type STREQUAL "STATIC_LIBRARY")
    list(PREPEND WEIR_PC_LIBS -l$<TARGET_FILE_BASE_NAME:${target}>)
  endif()
endforeach()
list(JOIN WEIR_PC_LIBS " " WEIR_PC_LIBS)
file(RELATIVE_PATH WEIR_PC_PREFIX /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" WEIR_PC_PREFIX ${WEIR_PC_PREFIX})
configure_file(cmake/weir.pc.in weir.pc.configured @ONLY)
file(GENERATE OUTPUT ${PROJECT_BINARY_DIR}/weir.pc INPUT ${PROJECT_BINARY_DIR}/weir.pc.configured)
install(FILES ${PROJECT_BINARY_DIR}/weir.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
