// Tensors over a mapped file, and over the bytes of one another's storage: what reading and writing files needs of
// memory.
//
// The mapping is private and writable: a tensor that is changed in place gets its own copy of the pages, and the file
// stays as it is. It goes when the last of its tensors does.
#include <ATen/Functions.h>
#include <ATen/core/Tensor.h>
#include <c10/util/safe_numerics.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "booleans.h"
#include "convert.h"
#include "instance.h"

namespace tench {

namespace {

class Mapping {
 public:
  Mapping(int descriptor, size_t size) : size_(size) {
    // Pages are only taken when they are written to, so no swap is set aside for the whole file.
    void* address = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, descriptor, 0);
    if (address == MAP_FAILED)
      throw CodedError("ERR_TENCH_READ", std::string("the file cannot be mapped: ") + std::strerror(errno));
    bytes_ = static_cast<uint8_t*>(address);
  }
  ~Mapping() { munmap(bytes_, size_); }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  uint8_t* bytes() const { return bytes_; }

 private:
  uint8_t* bytes_ = nullptr;
  size_t size_;
};

// Bytes of a row-major tensor, which must be representable.
uint64_t bytes_of(const std::vector<int64_t>& shape, at::ScalarType dtype) {
  uint64_t bytes = c10::elementSize(dtype);
  for (const int64_t size : shape) {
    if (size < 0) throw BadArgument("expected sizes of at least 0 for `shape`");
    if (c10::mul_overflows(bytes, static_cast<uint64_t>(size), &bytes))
      throw BadArgument("`shape` has more elements than fit into memory");
  }
  return bytes;
}

napi_value element(napi_env env, napi_value array, uint32_t index) {
  napi_value result = nullptr;
  check(env, napi_get_element(env, array, index, &result), "element");
  return result;
}

at::Tensor map_tensor(const std::shared_ptr<Mapping>& mapping, uint64_t size, uint64_t begin, at::ScalarType dtype,
                      const std::vector<int64_t>& shape) {
  const at::TensorOptions options = at::TensorOptions().dtype(dtype);
  const uint64_t bytes = bytes_of(shape, dtype);
  if (begin > size || bytes > size - begin) throw BadArgument("`places` lead beyond the end of the file");
  if (bytes == 0) return at::empty(shape, options);
  uint8_t* data = mapping->bytes() + begin;
  if (dtype == at::kBool) make_booleans(data, bytes);
  // Operators read whole elements, so they must lie at multiples of their size.
  if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(dtype) != 0) {
    at::Tensor copy = at::empty(shape, options);
    std::memcpy(copy.mutable_data_ptr(), data, bytes);
    return copy;
  }
  return at::from_blob(data, shape, [mapping](void*) {}, options);
}

napi_value map_tensors(Arguments& arguments) {
  napi_env env = arguments.env;
  const int descriptor = static_cast<int>(js::to_int64(env, arguments.values[0], "fd"));
  const int64_t wanted = js::to_int64(env, arguments.values[1], "size");
  const std::vector<int64_t> places = js::to_int64_list(env, arguments.values[2], "places");
  // Reading beyond the end of a mapped file kills the process, so the size is asked for again, of the very file that
  // is mapped.
  struct stat status{};
  if (fstat(descriptor, &status) != 0)
    throw CodedError("ERR_TENCH_READ", std::string("the file cannot be read: ") + std::strerror(errno));
  if (!S_ISREG(status.st_mode) || status.st_size != wanted)
    throw CodedError("ERR_TENCH_READ", "the file has changed while it was read");
  const auto size = static_cast<uint64_t>(wanted);
  const auto mapping = size > 0 ? std::make_shared<Mapping>(descriptor, size) : nullptr;
  std::vector<at::Tensor> tensors;
  tensors.reserve(places.size());
  for (uint32_t i = 0; i < places.size(); ++i) {
    if (places[i] < 0) throw BadArgument("expected places of at least 0 for `places`");
    tensors.push_back(map_tensor(mapping, size, static_cast<uint64_t>(places[i]),
                                 parse_dtype(js::to_string(env, element(env, arguments.values[3], i), "dtypes")),
                                 js::to_int64_list(env, element(env, arguments.values[4], i), "shapes")));
  }
  napi_value handles = js::array(env, tensors.size());
  for (uint32_t i = 0; i < tensors.size(); ++i)
    js::set_element(env, handles, i, js::number(env, arguments.instance.handles.insert(std::move(tensors[i]))));
  return handles;
}

at::Tensor with_storage(const at::Tensor& tensor) {
  if (tensor.layout() != at::kStrided || !tensor.has_storage() || tensor.is_meta() || tensor.is_quantized())
    throw CodedError("ERR_TENCH", "only dense tensors with data have a storage");
  return tensor;
}

napi_value storage_of(Arguments& arguments) {
  napi_env env = arguments.env;
  const at::Tensor tensor = with_storage(arguments.tensor(0));
  napi_value result = js::array(env, 2), address = nullptr;
  const auto number = reinterpret_cast<uintptr_t>(tensor.storage().unsafeGetStorageImpl());
  check(env, napi_create_bigint_uint64(env, number, &address), "bigint");
  js::set_element(env, result, 0, address);
  js::set_element(env, result, 1, js::integer(env, static_cast<int64_t>(tensor.storage().nbytes())));
  return result;
}

napi_value storage_bytes(Arguments& arguments) {
  const at::Tensor tensor = with_storage(arguments.tensor(0));
  at::Tensor bytes = at::empty({0}, tensor.options().dtype(at::kByte).requires_grad(false));
  bytes.set_(tensor.storage(), 0, {static_cast<int64_t>(tensor.storage().nbytes())}, {1});
  return js::number(arguments.env, arguments.instance.handles.insert(std::move(bytes)));
}

napi_value view_storage(Arguments& arguments) {
  napi_env env = arguments.env;
  const at::Tensor base = with_storage(arguments.tensor(0));
  const at::ScalarType dtype = parse_dtype(js::to_string(env, arguments.values[1], "dtype"));
  const int64_t offset = js::to_int64(env, arguments.values[2], "offset");
  const std::vector<int64_t> shape = js::to_int64_list(env, arguments.values[3], "shape");
  const std::vector<int64_t> strides = js::to_int64_list(env, arguments.values[4], "strides");
  if (shape.size() != strides.size()) throw BadArgument("expected as many numbers for `strides` as for `shape`");
  // LibTorch would grow a storage that is too small, so the furthest element is looked at here.
  uint64_t elements = 1, furthest = 0;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    uint64_t reach = 0;
    if (shape[axis] < 0 || strides[axis] < 0) throw BadArgument("expected sizes and strides of at least 0");
    if (c10::mul_overflows(elements, static_cast<uint64_t>(shape[axis]), &elements) ||
        (shape[axis] > 0 &&
         c10::mul_overflows(static_cast<uint64_t>(shape[axis] - 1), static_cast<uint64_t>(strides[axis]), &reach)) ||
        c10::add_overflows(furthest, reach, &furthest))
      throw BadArgument("`shape` has more elements than fit into memory");
  }
  const uint64_t available = base.storage().nbytes() / c10::elementSize(dtype);
  if (offset < 0 || elements > static_cast<uint64_t>(INT64_MAX) ||
      (elements > 0 && (furthest >= available || static_cast<uint64_t>(offset) > available - 1 - furthest)))
    throw BadArgument("the tensor reaches beyond its storage");
  if (reinterpret_cast<uintptr_t>(base.storage().data()) % c10::elementSize(dtype) != 0)
    throw BadArgument("the storage lies at an odd address");
  at::Tensor view = at::empty({0}, base.options().dtype(dtype).requires_grad(false));
  view.set_(base.storage(), elements > 0 ? offset : 0, shape, strides);
  // The storage may be that of numbers too, so bytes that are no booleans are left as they are, and a copy is read.
  if (dtype == at::kBool && !all_booleans(static_cast<const uint8_t*>(base.storage().data()), base.storage().nbytes()))
    view = view.view(at::kByte).ne(0);
  return js::number(env, arguments.instance.handles.insert(std::move(view)));
}

}  // namespace

void export_files(Instance& instance, napi_value exports) {
  export_function(instance, exports, "mapTensors", map_tensors);
  export_function(instance, exports, "storageOf", storage_of);
  export_function(instance, exports, "storageBytes", storage_bytes);
  export_function(instance, exports, "viewStorage", view_storage);
}

}  // namespace tench
