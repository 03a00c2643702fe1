include(GNUInstallDirs)

# A room: a static library of its own with its own include root, so that an include against the direction does not
# compile. Private headers lie beside the sources in <room>/src.
function(weir_room room)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "USES;LINKS;PROTOS")
  file(GLOB headers CONFIGURE_DEPENDS ${room}/include/weir/${room}/*.hpp)
  file(GLOB sources CONFIGURE_DEPENDS ${room}/src/*.cpp)
  add_library(weir_${room} STATIC ${sources})
  add_library(weir::${room} ALIAS weir_${room})
  set_target_properties(weir_${room} PROPERTIES EXPORT_NAME ${room} LINKER_LANGUAGE CXX VERIFY_INTERFACE_HEADER_SETS ON)
  target_sources(weir_${room} PUBLIC FILE_SET HEADERS BASE_DIRS ${room}/include FILES ${headers})
  target_include_directories(weir_${room} PRIVATE ${room}/src)
  target_compile_features(weir_${room} PUBLIC cxx_std_20)
  list(TRANSFORM arg_USES PREPEND weir_)
  target_link_libraries(weir_${room} PUBLIC ${arg_USES} PRIVATE ${arg_LINKS} $<BUILD_INTERFACE:weir_compile_options>)
  if(room STREQUAL core)
    target_link_libraries(weir_core PUBLIC weir_boost)  # Boost.Describe's macro, the one third-party name users write
  endif()
  foreach(proto IN LISTS arg_PROTOS)
    weir_proto(weir_${room} ${room}/src/${proto})
  endforeach()
  install(TARGETS weir_${room} EXPORT weir FILE_SET HEADERS)
endfunction()

# Compiles one .proto into a room; the generated code is private to it and not held to our warnings.
function(weir_proto target file)
  get_filename_component(name ${file} NAME_WE)
  set(out ${PROJECT_BINARY_DIR}/proto/${target})
  file(MAKE_DIRECTORY ${out})
  get_filename_component(path ${file} ABSOLUTE)
  get_filename_component(dir ${path} DIRECTORY)
  add_custom_command(
    OUTPUT ${out}/${name}.pb.cc ${out}/${name}.pb.h
    COMMAND protobuf::protoc --cpp_out=${out} -I ${dir} ${path}
    DEPENDS ${path} VERBATIM)
  target_sources(${target} PRIVATE ${out}/${name}.pb.cc)
  set_source_files_properties(${out}/${name}.pb.cc PROPERTIES COMPILE_OPTIONS -w)
  target_include_directories(${target} SYSTEM PRIVATE ${out})
endfunction()

# The umbrella: <weir/weir.hpp> and weir::main, the only code that sees every room.
function(weir_umbrella)
  add_library(weir STATIC include/main.cpp)
  add_library(weir::weir ALIAS weir)
  target_sources(weir PUBLIC FILE_SET HEADERS BASE_DIRS include FILES include/weir/weir.hpp include/weir/main.hpp)
  target_link_libraries(weir PUBLIC weir_operators weir_connectors weir_runtime weir_control weir_testing
                             PRIVATE fmt::fmt $<BUILD_INTERFACE:weir_compile_options>)
  install(TARGETS weir EXPORT weir FILE_SET HEADERS)
endfunction()
