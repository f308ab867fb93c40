// The few words of Node-API that the tensor code speaks: reading and making JavaScript values, with C++ exceptions for
// what goes wrong.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace tench {

// A JavaScript exception is pending: unwind to the boundary and let it through.
struct PendingException {};

// Becomes a JavaScript error with this code.
struct CodedError : std::runtime_error {
  CodedError(const char* code, const std::string& message) : std::runtime_error(message), code(code) {}
  const char* code;
};

// An argument has the wrong type, count or range.
struct BadArgument : CodedError {
  explicit BadArgument(const std::string& message) : CodedError("ERR_TENCH_ARGUMENT", message) {}
};

inline void check(napi_env env, napi_status status, const char* what) {
  if (status == napi_ok) return;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending) throw PendingException{};
  throw std::runtime_error(std::string("Node-API: ") + what + " failed");
}

namespace js {

// Up to here a double is one integer and stands for no other.
inline constexpr double kMaxSafeInteger = 9007199254740991.0;

// Whether a number is a whole one within that. By way of an integer, since std::trunc is a call into libm where a build
// may not assume SSE4.1.
inline bool is_whole(double number) {
  return number >= -kMaxSafeInteger && number <= kMaxSafeInteger &&
         static_cast<double>(static_cast<int64_t>(number)) == number;
}

napi_valuetype type_of(napi_env env, napi_value value);
bool is_nullish(napi_env env, napi_value value);
bool is_array(napi_env env, napi_value value);

// What a value is, for messages: `a string`, `an array`, `2.5`.
std::string describe(napi_env env, napi_value value);

double to_double(napi_env env, napi_value value, const char* what);
int64_t to_int64(napi_env env, napi_value value, const char* what);
bool to_bool(napi_env env, napi_value value, const char* what);
std::string to_string(napi_env env, napi_value value, const char* what);
std::vector<int64_t> to_int64_list(napi_env env, napi_value value, const char* what);
// The numbers of a Float64Array, copied: handles, with 0 for none.
std::vector<double> to_doubles(napi_env env, napi_value value, const char* what);
bool is_float64_array(napi_env env, napi_value value);

napi_value undefined(napi_env env);
napi_value null(napi_env env);
napi_value boolean(napi_env env, bool value);
napi_value number(napi_env env, double value);
// A number, or a BigInt beyond 2^53.
napi_value integer(napi_env env, int64_t value);
napi_value string(napi_env env, std::string_view text);
// As plain numbers: what is beyond 2^53 is rounded.
napi_value int_array(napi_env env, const int64_t* values, size_t count);
napi_value complex(napi_env env, double re, double im);
napi_value array(napi_env env, size_t length);
void set_element(napi_env env, napi_value array, uint32_t index, napi_value value);

}  // namespace js
}  // namespace tench
