# CUDA's captured graphs (native/cuda), a library of its own that is built only against a LibTorch for CUDA and where CUDA's headers
# for C++ are: in a toolkit, or beside a wheel where all the packages are that bring them. Nothing else here knows CUDA.

file(GLOB toolkits /usr/local/cuda*/include)
find_path(TENCH_CUDA_INCLUDE crt/host_config.h
  HINTS "$ENV{CUDA_HOME}/include" "${LIBTORCH}/../nvidia/cu13/include" "${LIBTORCH}/../nvidia/cuda_runtime/include" ${toolkits}
  NO_DEFAULT_PATH)

if(EXISTS "${LIBTORCH}/lib/libtorch_cuda.so" AND TENCH_CUDA_INCLUDE AND EXISTS "${LIBTORCH}/include/ATen/core/GraphImplInterface.h")
  message(STATUS "CUDA's headers in ${TENCH_CUDA_INCLUDE}")
  add_library(graph MODULE native/cuda/graph.cc)
  target_include_directories(graph SYSTEM PRIVATE "${TENCH_CUDA_INCLUDE}")
  target_link_libraries(graph PRIVATE tench_flags tench_libtorch "${LIBTORCH}/lib/libtorch_cuda.so" "${LIBTORCH}/lib/libc10_cuda.so")
  # What libtorch_cuda itself needs (cuDNN and so on) is found when it is opened.
  target_link_options(graph PRIVATE -Wl,--allow-shlib-undefined)
endif()
