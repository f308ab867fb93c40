# libjpeg-turbo: built in statically where the archive is there, else linked; without either the addon has no JPEG decoder.
#
# The target tench_jpeg defines TENCH_HAVE_JPEG to 1 or 0. A static copy keeps its symbols to itself, so that it cannot meet another
# libjpeg of the process (sharp brings one).
include(CheckCXXSourceCompiles)

add_library(tench_jpeg INTERFACE)
set(TENCH_JPEG_KIND off)
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
    if(TENCH_JPEG_KIND STREQUAL "off" AND TENCH_JPEG_${kind})
      # Proves that header and library are libjpeg-turbo (its extended colour spaces), fit together, and can go into a shared object.
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
        }" TENCH_JPEG_${kind}_WORKS)
      unset(CMAKE_REQUIRED_INCLUDES)
      unset(CMAKE_REQUIRED_LIBRARIES)
      unset(CMAKE_REQUIRED_FLAGS)
      if(TENCH_JPEG_${kind}_WORKS)
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

if(TENCH_JPEG_KIND STREQUAL "off")
  target_compile_definitions(tench_jpeg INTERFACE TENCH_HAVE_JPEG=0)
  if(NOT TENCH_JPEG STREQUAL "off" AND NOT TENCH_JPEG STREQUAL "auto")
    message(FATAL_ERROR "TENCH_JPEG=${TENCH_JPEG}, but no such libjpeg-turbo was found.")
  endif()
else()
  target_compile_definitions(tench_jpeg INTERFACE TENCH_HAVE_JPEG=1)
endif()
# For the record of the build.
set(TENCH_JPEG_KIND "${TENCH_JPEG_KIND}" CACHE INTERNAL "")
message(STATUS "libjpeg-turbo: ${TENCH_JPEG_KIND}")
