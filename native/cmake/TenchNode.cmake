# Node-API: headers from the npm packages node-api-headers and node-addon-api, so that no Node headers are downloaded or looked for.

# cmake-js hands the folders over in CMAKE_JS_INC; a plain cmake call finds the same ones below node_modules.
if(NOT CMAKE_JS_INC)
  set(CMAKE_JS_INC "${CMAKE_SOURCE_DIR}/node_modules/node-api-headers/include;${CMAKE_SOURCE_DIR}/node_modules/node-addon-api")
endif()
list(GET CMAKE_JS_INC 0 TENCH_NODE_API_INCLUDE)
if(NOT EXISTS "${TENCH_NODE_API_INCLUDE}/node_api.h")
  message(FATAL_ERROR "node_api.h is not in ${TENCH_NODE_API_INCLUDE}: run `npm ci` first.")
endif()

add_library(tench_node INTERFACE)
target_include_directories(tench_node SYSTEM INTERFACE ${CMAKE_JS_INC})
# Basic finalizers, which run inside the garbage collector, need both of the first two: with either one missing they are
# silently deferred to the event loop, and a synchronous loop never gives memory back.
target_compile_definitions(tench_node INTERFACE NAPI_EXPERIMENTAL NAPI_VERSION=2147483647 NAPI_CPP_EXCEPTIONS)
