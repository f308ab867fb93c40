# libjpeg-turbo: built in statically where its archive can go into an addon, else linked; without either sharp decodes JPEG.
#
#   TENCH_JPEG   auto (default), static, shared or off
#
# The target tench_jpeg defines TENCH_JPEG_KIND as "static", "shared" or "none". A static copy keeps its symbols to itself, so that it
# cannot meet another libjpeg of the process: sharp brings one, and some builds of LibTorch's neighbours do.
include(CheckCXXSourceCompiles)

set(TENCH_JPEG auto CACHE STRING "Where libjpeg-turbo comes from: auto, static, shared or off")
add_library(tench_jpeg INTERFACE)
set(TENCH_JPEG_KIND none)

# What an earlier run has found may have been uninstalled since.
foreach(found TENCH_JPEG_INCLUDE TENCH_JPEG_STATIC TENCH_JPEG_SHARED)
  if(${found} AND NOT EXISTS "${${found}}")
    unset(${found} CACHE)
  endif()
endforeach()

if(NOT TENCH_JPEG STREQUAL "off")
  find_path(TENCH_JPEG_INCLUDE jpeglib.h)
  if(TENCH_JPEG STREQUAL "static" OR TENCH_JPEG STREQUAL "auto")
    find_library(TENCH_JPEG_STATIC libjpeg.a)
  endif()
  if(TENCH_JPEG STREQUAL "shared" OR TENCH_JPEG STREQUAL "auto")
    find_library(TENCH_JPEG_SHARED jpeg)
  endif()
endif()

if(TENCH_JPEG_INCLUDE)
  foreach(kind STATIC SHARED)
    if(TENCH_JPEG_KIND STREQUAL "none" AND TENCH_JPEG_${kind})
      # Proves that header and library are libjpeg-turbo (its extended colour spaces), belong together, and can go into a shared object.
      string(MD5 pair "${TENCH_JPEG_INCLUDE} ${TENCH_JPEG_${kind}}")
      set(CMAKE_REQUIRED_INCLUDES "${TENCH_JPEG_INCLUDE}")
      set(CMAKE_REQUIRED_LIBRARIES "${TENCH_JPEG_${kind}}")
      set(CMAKE_REQUIRED_FLAGS "-fPIC -shared -Wl,-z,defs")
      check_cxx_source_compiles("
        #include <cstddef>
        #include <cstdio>
        #include <jpeglib.h>
        extern \"C\" int probe(jpeg_decompress_struct* d) {
          d->out_color_space = JCS_EXT_RGB;
          jpeg_CreateDecompress(d, JPEG_LIB_VERSION, sizeof(*d));
          return jpeg_read_header(d, TRUE);
        }" TENCH_JPEG_WORKS_${pair})
      unset(CMAKE_REQUIRED_INCLUDES)
      unset(CMAKE_REQUIRED_LIBRARIES)
      unset(CMAKE_REQUIRED_FLAGS)
      if(TENCH_JPEG_WORKS_${pair})
        string(TOLOWER ${kind} TENCH_JPEG_KIND)
        target_include_directories(tench_jpeg SYSTEM INTERFACE "${TENCH_JPEG_INCLUDE}")
        target_link_libraries(tench_jpeg INTERFACE "${TENCH_JPEG_${kind}}")
        if(kind STREQUAL "STATIC")
          target_link_options(tench_jpeg INTERFACE -Wl,--exclude-libs,libjpeg.a)
        endif()
      endif()
    endif()
  endforeach()
endif()

if(TENCH_JPEG_KIND STREQUAL "none" AND NOT TENCH_JPEG MATCHES "^(off|auto)$")
  message(FATAL_ERROR "TENCH_JPEG=${TENCH_JPEG}, but no such libjpeg-turbo was found.")
endif()
string(TOUPPER ${TENCH_JPEG_KIND} kind)
target_compile_definitions(tench_jpeg INTERFACE TENCH_JPEG_KIND="${TENCH_JPEG_KIND}" TENCH_JPEG_${kind}=1)
message(STATUS "libjpeg-turbo: ${TENCH_JPEG_KIND}")
