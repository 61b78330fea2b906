# Compiles for NODE_ASGI_PLATFORM with zig, which brings the C library, libc++ and the linker of each
# platform along. scripts/toolchain.sh installs zig and the headers that this file points to.

# CMake reads this file again for each check of the compiler.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES NODE_ASGI_PLATFORM)
# If a check linked a program, zig would first compile the C library and libc++ that programs need,
# which takes minutes. Only modules are linked.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)

# The oldest C library, or the oldest macOS, that a package runs on. Node 20 needs no newer ones.
set(GLIBC 2.28)
set(MACOS 11.0)

if(NOT NODE_ASGI_PLATFORM MATCHES "^(linux|darwin)-(x64|arm64)(-(gnu|musl))?$")
  message(FATAL_ERROR "NODE_ASGI_PLATFORM is \"${NODE_ASGI_PLATFORM}\", which is not a platform")
endif()
set(OS ${CMAKE_MATCH_1})
set(ARCH ${CMAKE_MATCH_2})
set(LIBC ${CMAKE_MATCH_4})

if(ARCH STREQUAL "x64")
  set(CMAKE_SYSTEM_PROCESSOR x86_64)
else()
  set(CMAKE_SYSTEM_PROCESSOR aarch64)
endif()
if(OS STREQUAL "darwin")
  set(CMAKE_SYSTEM_NAME Darwin)
  set(CMAKE_OSX_SYSROOT "")
  set(TARGET ${CMAKE_SYSTEM_PROCESSOR}-macos.${MACOS})
elseif(LIBC STREQUAL "gnu")
  set(CMAKE_SYSTEM_NAME Linux)
  set(TARGET ${CMAKE_SYSTEM_PROCESSOR}-linux-gnu.${GLIBC})
else()
  set(CMAKE_SYSTEM_NAME Linux)
  set(TARGET ${CMAKE_SYSTEM_PROCESSOR}-linux-musl)
endif()

get_filename_component(TOOLCHAIN ${CMAKE_CURRENT_LIST_DIR}/../build/toolchain ABSOLUTE)
set(ZIG ${TOOLCHAIN}/ziglang/zig)
set(CMAKE_C_COMPILER ${ZIG} cc -target ${TARGET} -mcpu=baseline)
set(CMAKE_CXX_COMPILER ${ZIG} c++ -target ${TARGET} -mcpu=baseline)
foreach(LANG C CXX)
  # CMake would link a program to find these out.
  set(CMAKE_${LANG}_COMPILER_ID_RUN ON)
  set(CMAKE_${LANG}_COMPILER_ID Clang)
  set(CMAKE_${LANG}_COMPILER_VERSION 22.1)
  set(CMAKE_${LANG}_COMPILER_FRONTEND_VARIANT GNU)
  set(CMAKE_${LANG}_STANDARD_COMPUTED_DEFAULT 17)
  set(CMAKE_${LANG}_ARCHIVE_CREATE "\"${ZIG}\" ar qc <TARGET> <LINK_FLAGS> <OBJECTS>")
  set(CMAKE_${LANG}_ARCHIVE_FINISH "\"${ZIG}\" ranlib <TARGET>")
endforeach()

# The headers of this machine's C library, which are next to those of its libraries, must not be used.
set(CMAKE_FIND_USE_CMAKE_SYSTEM_PATH OFF)
set(Boost_NO_BOOST_CMAKE ON)
set(Boost_INCLUDE_DIR ${TOOLCHAIN}/libboost_headers/include)
set(MSGPACK_INCLUDE_DIR ${TOOLCHAIN}/msgpack_cxx/include)
set(UV_INCLUDE_DIR ${TOOLCHAIN}/uv)
set(Python3_INCLUDE_DIR ${TOOLCHAIN}/python)
