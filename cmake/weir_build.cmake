# How everything of weir is compiled: standard, warnings, sanitizers, linker, cache.
option(WEIR_BUILD_TESTS "Build the tests" ${PROJECT_IS_TOP_LEVEL})
option(WEIR_BUILD_EXAMPLES "Build the examples" ${PROJECT_IS_TOP_LEVEL})
option(WEIR_BUILD_BENCHMARKS "Build the benchmarks" OFF)
set(WEIR_SANITIZE "" CACHE STRING "Sanitizers, as for -fsanitize=: address,undefined or thread")
set(WEIR_ARCH "" CACHE STRING "Instruction set, as for -march=; empty: the compiler's default")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

find_program(WEIR_CCACHE ccache)
if(WEIR_CCACHE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WEIR_CCACHE})
endif()
find_program(WEIR_MOLD mold)

add_library(weir_compile_options INTERFACE)
target_compile_options(weir_compile_options INTERFACE -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual
  -Wno-restrict)  # GCC 12 sees overlaps in std::string concatenation that are not there (GCC bug 105651)
if(PROJECT_IS_TOP_LEVEL)
  target_compile_options(weir_compile_options INTERFACE -Werror)
endif()
if(WEIR_ARCH)
  target_compile_options(weir_compile_options INTERFACE -march=${WEIR_ARCH})
endif()
if(WEIR_SANITIZE)
  # The sanitized presets compile and link everything alike; a mixed link reports false races.
  add_compile_options(-fsanitize=${WEIR_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${WEIR_SANITIZE})
  # What the sanitizers add to a function confuses GCC's search for what is not initialized: its manual advises against -Werror then.
  target_compile_options(weir_compile_options INTERFACE -Wno-maybe-uninitialized)
elseif(WEIR_MOLD AND PROJECT_IS_TOP_LEVEL)
  add_link_options(-fuse-ld=mold)
endif()
