# LibTorch, linked by path. TorchConfig.cmake is not used: on a CUDA build it demands nvcc, and nothing here needs a CUDA toolkit.

if(NOT LIBTORCH)
  message(FATAL_ERROR "Say where LibTorch is: -DLIBTORCH=/path/to/torch (the folder that holds include/ and lib/), or run `npm run setup`.")
endif()
foreach(file include/ATen/ATen.h lib/libtorch.so lib/libtorch_cpu.so lib/libc10.so)
  if(NOT EXISTS "${LIBTORCH}/${file}")
    message(FATAL_ERROR "LIBTORCH=${LIBTORCH} is not a LibTorch: it has no ${file}.")
  endif()
endforeach()

file(STRINGS "${LIBTORCH}/include/torch/headeronly/version.h" lines REGEX "define TORCH_VERSION_(MAJOR|MINOR|PATCH) ")
string(REGEX REPLACE ".*MAJOR ([0-9]+).*MINOR ([0-9]+).*PATCH ([0-9]+).*" "\\1.\\2.\\3" LIBTORCH_VERSION "${lines}")
if(LIBTORCH_VERSION VERSION_LESS 2.11 OR NOT LIBTORCH_VERSION VERSION_LESS 2.15)
  message(FATAL_ERROR "LIBTORCH=${LIBTORCH} is LibTorch ${LIBTORCH_VERSION}; tench needs at least 2.11 and less than 2.15.")
endif()
message(STATUS "LibTorch ${LIBTORCH_VERSION} in ${LIBTORCH}")

add_library(tench_libtorch INTERFACE)
target_include_directories(tench_libtorch SYSTEM INTERFACE "${LIBTORCH}/include" "${LIBTORCH}/include/torch/csrc/api/include")
target_compile_definitions(tench_libtorch INTERFACE _GLIBCXX_USE_CXX11_ABI=1)
# --no-as-needed keeps libtorch.so, which exports nothing itself but pulls in libtorch_cuda where the build has it. The loader has
# opened the libraries by the time the addon is, so no path of this machine is written into it.
target_link_libraries(tench_libtorch INTERFACE
  -Wl,--no-as-needed "${LIBTORCH}/lib/libtorch.so" "${LIBTORCH}/lib/libtorch_cpu.so" "${LIBTORCH}/lib/libc10.so" -Wl,--as-needed)
target_link_options(tench_libtorch INTERFACE -Wl,-z,relro,-z,now)
set(CMAKE_SKIP_RPATH ON)

# at::parallel_for is a template that is silently serial in a file compiled without -fopenmp. The runtime is not linked: its
# symbols bind to the one that libtorch_cpu itself depends on, so that there is one pool of threads.
target_compile_options(tench_libtorch INTERFACE -fopenmp)
