// Making tensors of JavaScript's memory, reading them back, and what a tensor says of itself.
#include <ATen/Functions.h>
#include <ATen/core/Tensor.h>
#include <c10/util/safe_numerics.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "booleans.h"
#include "convert.h"
#include "instance.h"
#include "streams.h"

namespace tench {

namespace {

napi_value from_data(Arguments& arguments) {
  napi_env env = arguments.env;
  napi_typedarray_type type = napi_int8_array;
  size_t length = 0, offset = 0;
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_get_typedarray_info(env, arguments.values[0], &type, &length, &data, &buffer, &offset) != napi_ok) {
    throw BadArgument("expected a typed array for `data` but received " + js::describe(env, arguments.values[0]));
  }
  static constexpr size_t kElementSizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};
  if (static_cast<size_t>(type) >= sizeof kElementSizes / sizeof *kElementSizes)
    throw BadArgument("expected a typed array of a known kind for `data`");
  const size_t bytes = length * kElementSizes[type];

  const at::ScalarType dtype = parse_dtype(js::to_string(env, arguments.values[1], "dtype"));
  const std::vector<int64_t> shape = js::to_int64_list(env, arguments.values[2], "shape");
  const c10::Device device = parse_device(js::to_string(env, arguments.values[3], "device"));
  uint64_t elements = 1;
  for (const int64_t size : shape) {
    if (size < 0) throw BadArgument("expected sizes of at least 0 for `shape`");
    if (c10::mul_overflows(elements, static_cast<uint64_t>(size), &elements))
      throw BadArgument("`shape` has more elements than fit into memory");
  }
  uint64_t needed = 0;
  if (c10::mul_overflows(elements, static_cast<uint64_t>(c10::elementSize(dtype)), &needed) || needed != bytes) {
    throw BadArgument("`shape` and `dtype` need " + std::to_string(needed) + " bytes but `data` has " +
                      std::to_string(bytes));
  }
  if (!device.is_cpu() && is_capturing())
    throw CodedError("ERR_TENCH", "numbers of JavaScript's come to the device, which no replay would do again");
  const bool beside = device.is_cuda() && cuda_devices() > 0;
  // From page-locked memory the copy waits for nothing that the device is doing; the memory is kept until it is
  // through.
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(dtype).device(at::kCPU).pinned_memory(beside));
  if (bytes > 0) std::memcpy(tensor.mutable_data_ptr(), data, bytes);
  if (dtype == at::kBool) make_booleans(static_cast<uint8_t*>(tensor.mutable_data_ptr()), bytes);
  if (device != at::kCPU) tensor = tensor.to(device, /*non_blocking=*/beside);
  return js::number(env, arguments.instance.handles.insert(std::move(tensor)));
}

at::Tensor readable(const at::Tensor& tensor) {
  if (tensor.is_meta())
    throw CodedError("ERR_TENCH", "a tensor on device meta has a shape and a dtype but no data to read");
  if (tensor.layout() != at::kStrided)
    throw CodedError("ERR_TENCH", "only dense tensors can be read; call toDense() first");
  return tensor.detach().to(at::kCPU).resolve_conj().resolve_neg().contiguous();
}

napi_value data(Arguments& arguments) {
  napi_env env = arguments.env;
  const at::Tensor tensor = readable(arguments.tensor(0));
  void* target = nullptr;
  napi_value buffer = nullptr;
  check(env, napi_create_arraybuffer(env, tensor.nbytes(), &target, &buffer), "ArrayBuffer");
  if (tensor.nbytes() > 0) std::memcpy(target, tensor.const_data_ptr(), tensor.nbytes());
  return buffer;
}

napi_value item(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  if (tensor.is_meta()) throw CodedError("ERR_TENCH", "item: a tensor on device meta has no data to read");
  if (tensor.numel() != 1) {
    throw BadArgument("item: expected a tensor of one element but this one has " + std::to_string(tensor.numel()) +
                      "; use toList() or toTypedArray()");
  }
  return from_scalar(arguments.env, tensor.item());
}

napi_value shape(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  return js::int_array(arguments.env, tensor.sizes().data(), tensor.sizes().size());
}

napi_value strides(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  if (tensor.layout() != at::kStrided) throw CodedError("ERR_TENCH", "stride: only dense tensors have strides");
  return js::int_array(arguments.env, tensor.strides().data(), tensor.strides().size());
}

napi_value dtype(Arguments& arguments) {
  return js::string(arguments.env, dtype_name(arguments.tensor(0).scalar_type()));
}

napi_value device(Arguments& arguments) { return js::string(arguments.env, arguments.tensor(0).device().str()); }

napi_value layout(Arguments& arguments) {
  switch (arguments.tensor(0).layout()) {
    case at::kStrided:
      return js::string(arguments.env, "strided");
    case at::kSparse:
      return js::string(arguments.env, "sparse");
    case at::kSparseCsr:
      return js::string(arguments.env, "sparse_csr");
    case at::kSparseCsc:
      return js::string(arguments.env, "sparse_csc");
    case at::kSparseBsr:
      return js::string(arguments.env, "sparse_bsr");
    case at::kSparseBsc:
      return js::string(arguments.env, "sparse_bsc");
    case at::kMkldnn:
      return js::string(arguments.env, "mkldnn");
    default:
      return js::string(arguments.env, "other");
  }
}

napi_value storage_offset(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  if (!tensor.has_storage()) throw CodedError("ERR_TENCH", "storageOffset: this tensor has no storage of its own");
  return js::integer(arguments.env, tensor.storage_offset());
}

napi_value is_contiguous(Arguments& arguments) {
  const std::string format = js::to_string(arguments.env, arguments.values[1], "memoryFormat");
  const at::Tensor tensor = arguments.tensor(0);
  if (tensor.layout() != at::kStrided) return js::boolean(arguments.env, false);
  at::MemoryFormat wanted = at::MemoryFormat::Contiguous;
  if (format == "channels_last")
    wanted = at::MemoryFormat::ChannelsLast;
  else if (format == "channels_last_3d")
    wanted = at::MemoryFormat::ChannelsLast3d;
  else if (format != "contiguous_format")
    throw BadArgument(
        "expected contiguous_format, channels_last or channels_last_3d for `memoryFormat` but received \"" + format +
        "\"");
  return js::boolean(arguments.env, tensor.is_contiguous(wanted));
}

// Whether a loop may walk through the memory of both, from their first elements on, and meet the same element in each.
bool laid_out_alike(const at::Tensor& a, const at::Tensor& b) {
  return b.layout() == at::kStrided && a.scalar_type() == b.scalar_type() && a.device() == b.device() && !b.is_neg() &&
         !b.is_conj() && a.sizes() == b.sizes() && a.strides() == b.strides();
}

// laidOutAlike(list, ...): each tensor with those in its place in the other lists
napi_value laid_out_alike(Arguments& arguments) {
  std::vector<std::vector<double>> lists;
  for (size_t i = 0; i < arguments.count; ++i)
    lists.push_back(js::to_doubles(arguments.env, arguments.values[i], "tensors"));
  const HandleTable& handles = arguments.instance.handles;
  bool alike = !lists.empty();
  for (const std::vector<double>& list : lists) alike = alike && list.size() == lists[0].size();
  for (size_t i = 0; alike && i < lists[0].size(); ++i) {
    const at::Tensor& first = handles.peek(lists[0][i]);
    alike = first.layout() == at::kStrided && first.is_non_overlapping_and_dense();
    for (const std::vector<double>& list : lists) alike = alike && laid_out_alike(first, handles.peek(list[i]));
  }
  return js::boolean(arguments.env, alike);
}

napi_value release(Arguments& arguments) {
  HandleTable& handles = arguments.instance.handles;
  handles.release(js::to_double(arguments.env, arguments.values[0], "handle"));
  return nullptr;
}

// releaseAll(handles, start, end, heir): what lives on in graphs weighs on the heir, if there is one.
napi_value release_all(Arguments& arguments) {
  napi_env env = arguments.env;
  size_t length = 0;
  void* data = nullptr;
  if (!js::is_float64_array(env, arguments.values[0])) throw BadArgument("releaseAll: expected a Float64Array");
  check(env, napi_get_typedarray_info(env, arguments.values[0], nullptr, &length, &data, nullptr, nullptr), "handles");
  const size_t start = static_cast<size_t>(js::to_int64(env, arguments.values[1], "start"));
  const size_t end = std::min(length, static_cast<size_t>(js::to_int64(env, arguments.values[2], "end")));
  HandleTable& handles = arguments.instance.handles;
  int64_t living = 0;
  for (size_t i = start; i < end; ++i) living += handles.release(static_cast<const double*>(data)[i]);
  handles.weigh(js::to_double(env, arguments.values[3], "heir"), living);
  return nullptr;
}

napi_value is_alive(Arguments& arguments) {
  return js::boolean(arguments.env,
                     arguments.instance.handles.contains(js::to_double(arguments.env, arguments.values[0], "handle")));
}

napi_value share(Arguments& arguments) {
  return js::number(arguments.env, arguments.instance.handles.insert(arguments.tensor(0)));
}

}  // namespace

void export_storage(Instance& instance, napi_value exports) {
  export_function(instance, exports, "fromData", from_data);
  export_function(instance, exports, "data", data);
  export_function(instance, exports, "item", item);
  export_function(instance, exports, "shape", shape);
  export_function(instance, exports, "strides", strides);
  export_function(instance, exports, "dtype", dtype);
  export_function(instance, exports, "device", device);
  export_function(instance, exports, "layout", layout);
  export_function(instance, exports, "storageOffset", storage_offset);
  export_function(instance, exports, "isContiguous", is_contiguous);
  export_function(instance, exports, "laidOutAlike", laid_out_alike);
  export_function(instance, exports, "release", release);
  export_function(instance, exports, "releaseAll", release_all);
  export_function(instance, exports, "isAlive", is_alive);
  export_function(instance, exports, "share", share);
}

}  // namespace tench
