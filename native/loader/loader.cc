// Opens shared libraries by absolute path, for good and for everybody, before the addon that needs them is loaded.
//
// The addon names its LibTorch libraries by soname only. A soname that is already open satisfies such a need without
// any search, so a LibTorch that was moved, or another one of the same version, works without a path written into the
// addon; and what is wrong with a library is known, in the linker's own words, before the addon is touched. This file
// therefore may not use LibTorch itself.
//
// It also ends the process without LibTorch's destructors. They tear down what LibTorch's own threads may still be
// using (a backward that was not awaited ended in a crash), and striking three thousand operators from their lists took
// a fifth of all that a short program takes.
#include <dlfcn.h>
#include <node_api.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

void endNow(int status, void* /*unused*/) {
  std::fflush(nullptr);
  _exit(status);
}

// leaveOutDestructors(): void. Exit handlers run in the reverse order of their registration, so this one leaves out
// whatever was registered before the call: the destructors of libraries that are open by then, of the addon (which
// strikes its own operators from LibTorch's lists) and of what either has made since. Node has put its house in order
// before the first. A library that was preloaded (a profiler, a sanitizer) has its say in one of the earliest, so then
// everything runs.
napi_value leaveOutDestructors(napi_env /*env*/, napi_callback_info /*info*/) {
  if (std::getenv("LD_PRELOAD") != nullptr) return nullptr;
  // Node closes an addon that only a worker had loaded, and the handler must outlive it.
  Dl_info self;
  if (dladdr(reinterpret_cast<void*>(&endNow), &self) == 0) return nullptr;
  if (dlopen(self.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) == nullptr) return nullptr;
  on_exit(endNow, nullptr);
  return nullptr;
}

// The string in `value`, or false with a JavaScript exception pending.
bool readString(napi_env env, napi_value value, std::string& out) {
  size_t length = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) {
    napi_throw_type_error(env, "ERR_TENCH_ARGUMENT", "expected an array of absolute paths for `paths`");
    return false;
  }
  out.resize(length);
  return napi_get_value_string_utf8(env, value, out.data(), length + 1, &length) == napi_ok;
}

// open(paths: string[]): void. Throws with the dynamic linker's message at the first library that cannot be opened.
napi_value open(napi_env env, napi_callback_info info) {
  size_t argc = 1;
  napi_value paths = nullptr;
  uint32_t count = 0;
  if (napi_get_cb_info(env, info, &argc, &paths, nullptr, nullptr) != napi_ok) return nullptr;
  if (napi_get_array_length(env, paths, &count) != napi_ok) {
    napi_throw_type_error(env, "ERR_TENCH_ARGUMENT", "expected an array of absolute paths for `paths`");
    return nullptr;
  }
  for (uint32_t i = 0; i < count; ++i) {
    napi_value element = nullptr;
    std::string path;
    if (napi_get_element(env, paths, i, &element) != napi_ok) return nullptr;
    if (!readString(env, element, path)) return nullptr;
    // NOW: a library that lacks a symbol fails here and not in the middle of a training run. NODELETE: LibTorch's
    // threads and registries do not survive being unmapped.
    if (dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE) == nullptr) {
      const char* reason = dlerror();
      napi_throw_error(env, "ERR_TENCH_LIBRARY", reason != nullptr ? reason : path.c_str());
      return nullptr;
    }
  }
  return nullptr;
}

bool addFunction(napi_env env, napi_value exports, const char* name, napi_callback callback) {
  napi_value function = nullptr;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, nullptr, &function) == napi_ok &&
         napi_set_named_property(env, exports, name, function) == napi_ok;
}

}  // namespace

NAPI_MODULE_INIT() {
  const bool added =
      addFunction(env, exports, "open", open) && addFunction(env, exports, "leaveOutDestructors", leaveOutDestructors);
  return added ? exports : nullptr;
}
