#include "streams.h"

#include <ATen/Context.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <memory>
#include <optional>
#include <unordered_map>

#include "autograd.h"
#include "convert.h"

#if __has_include(<ATen/core/GraphImplInterface.h>)
#include <ATen/core/GraphImplInterface.h>
#define TENCH_HAS_GRAPHS
#endif

namespace tench {

namespace {

#ifdef TENCH_HAS_GRAPHS
struct Captured {
  c10::Device device;
  std::unique_ptr<at::GraphImplInterface> graph;
};
#endif

// What a thread has under way on accelerators. LibTorch's current streams are the thread's as well.
struct DeviceWork {
#ifdef TENCH_HAS_GRAPHS
  std::unordered_map<int64_t, Captured> graphs;
#endif
  int64_t next_graph = 1;
  bool capturing = false;
  // By device: what copies batches beside the work of the others.
  std::unordered_map<c10::Device, c10::Stream> copying;
  // The stream that the work went to before `enterStream`.
  std::optional<c10::Stream> left;
};

thread_local DeviceWork work;

using c10::impl::VirtualGuardImpl;

// A device with streams, by number; none for one that works at once.
std::optional<c10::Device> streaming_device(const Arguments& arguments, size_t index) {
  const c10::Device device = parse_device(js::to_string(arguments.env, arguments.values[index], "device"));
  if (!device.is_cuda()) return std::nullopt;
  if (cuda_devices() == 0) throw CodedError("ERR_TENCH", "there is no CUDA device here that LibTorch can use");
  return device.has_index() ? device : VirtualGuardImpl(device.type()).getDevice();
}

void await(const c10::Stream& waiting, const c10::Stream& awaited) {
  c10::Event reached(awaited.device_type());
  reached.record(awaited);
  reached.block(waiting);
}

const c10::Stream& copying_stream(c10::Device device) {
  const auto found = work.copying.find(device);
  if (found != work.copying.end()) return found->second;
  return work.copying.emplace(device, VirtualGuardImpl(device.type()).getStreamFromGlobalPool(device)).first->second;
}

// sendTensor(handle, device): the tensor there, copied while the device does what it has been given before. What it is
// given from now on waits for the copy.
napi_value send_tensor(Arguments& arguments) {
  const at::Tensor tensor = arguments.tensor(0);
  const auto device = streaming_device(arguments, 1);
  if (!device.has_value()) throw BadArgument("sendTensor: expected an accelerator for `device`");
  const c10::Stream copying = copying_stream(*device);
  const VirtualGuardImpl guard(device->type());
  const c10::Stream working = guard.getStream(*device);
  at::Tensor there;
  {
    const c10::StreamGuard on(copying);
    there = tensor.to(*device, /*non_blocking=*/true);
  }
  await(working, copying);
  // Its memory is the copying stream's, which would take it back while the other still reads.
  guard.recordDataPtrOnStream(there.storage().data_ptr(), working);
  return js::number(arguments.env, arguments.instance.handles.insert(std::move(there)));
}

// enterStream(device): gives this thread's work on the device to a stream of its own, until `leaveStream`. False where
// the device has none, or it has been entered before.
napi_value enter_stream(Arguments& arguments) {
  const auto device = streaming_device(arguments, 0);
  if (!device.has_value() || work.left.has_value()) return js::boolean(arguments.env, false);
  const VirtualGuardImpl guard(device->type());
  const c10::Stream own = guard.getStreamFromGlobalPool(*device);
  work.left = guard.exchangeStream(own);
  await(own, *work.left);
  // It may write where tensors were that the work so far still reads.
  await(copying_stream(*device), *work.left);
  return js::boolean(arguments.env, true);
}

napi_value leave_stream(Arguments&) {
  if (!work.left.has_value()) return nullptr;
  const c10::Stream before = *work.left;
  work.left.reset();
  await(before, VirtualGuardImpl(before.device_type()).exchangeStream(before));
  return nullptr;
}

#ifdef TENCH_HAS_GRAPHS

Captured& graph_of(const Arguments& arguments) {
  const auto found = work.graphs.find(js::to_int64(arguments.env, arguments.values[0], "graph"));
  if (found == work.graphs.end()) throw BadArgument("expected a graph that is there for `graph`");
  return found->second;
}

// graphTrouble(device): why no step can be captured there; null where one can
napi_value graph_trouble(Arguments& arguments) {
  const c10::Device device = parse_device(js::to_string(arguments.env, arguments.values[0], "device"));
  if (!device.is_cuda()) return js::string(arguments.env, "on " + device.str() + " there is nothing to gain by one");
  if (cuda_devices() == 0) return js::string(arguments.env, "there is no CUDA device here that LibTorch can use");
  if (at::has_graph_impl(device.type())) return js::null(arguments.env);
  return js::string(arguments.env,
                    "LibTorch has none for CUDA, and tench's own was not built, for which it needs CUDA's headers");
}

// beginCapture(device): a graph, to which the operators go from now on instead of being run
napi_value begin_capture(Arguments& arguments) {
  const auto device = streaming_device(arguments, 0);
  if (!device.has_value() || work.capturing)
    throw BadArgument("beginCapture: expected a device that can capture, and no capture under way");
  const c10::DeviceGuard on(*device);
  auto graph = at::create_graph_impl(device->type());
  if (graph == nullptr) throw CodedError("ERR_TENCH", "beginCapture: there are no graphs for " + device->str());
  VirtualGuardImpl(device->type()).synchronizeDevice(device->index());
  graph->capture_begin();
  work.capturing = true;
  const int64_t number = work.next_graph++;
  work.graphs.emplace(number, Captured{*device, std::move(graph)});
  return js::number(arguments.env, static_cast<double>(number));
}

napi_value end_capture(Arguments& arguments) {
  work.capturing = false;
  Captured& captured = graph_of(arguments);
  const c10::DeviceGuard on(captured.device);
  captured.graph->capture_end();
  return nullptr;
}

napi_value replay_graph(Arguments& arguments) {
  Captured& captured = graph_of(arguments);
  const c10::DeviceGuard on(captured.device);
  captured.graph->replay();
  return nullptr;
}

// dropGraph(graph): does nothing for one that is not there
napi_value drop_graph(Arguments& arguments) {
  auto& graphs = work.graphs;
  const auto found = graphs.find(js::to_int64(arguments.env, arguments.values[0], "graph"));
  if (found == graphs.end()) return nullptr;
  const c10::DeviceGuard on(found->second.device);
  graphs.erase(found);
  return nullptr;
}

#else

napi_value graph_trouble(Arguments& arguments) { return js::string(arguments.env, "this LibTorch knows none"); }

napi_value begin_capture(Arguments&) { throw CodedError("ERR_TENCH", "this LibTorch knows no graphs"); }
napi_value end_capture(Arguments&) { return nullptr; }
napi_value replay_graph(Arguments& arguments) { return begin_capture(arguments); }
napi_value drop_graph(Arguments&) { return nullptr; }

#endif

// hasCallbacks(): whether a graph of autograd that is alive calls JavaScript in its backward
napi_value has_callbacks(Arguments& arguments) {
  arguments.instance.callbacks->sweep();
  return js::boolean(arguments.env, !arguments.instance.callbacks->empty());
}

}  // namespace

bool is_capturing() { return work.capturing; }

int cuda_devices() {
  if (!at::hasCUDA() || !c10::impl::hasDeviceGuardImpl(at::kCUDA)) return 0;
  return c10::impl::getDeviceGuardImpl(at::kCUDA)->deviceCount();
}

CurrentStreams::CurrentStreams() {
  if (cuda_devices() == 0) return;
  const VirtualGuardImpl guard(at::kCUDA);
  for (int i = 0; i < cuda_devices(); ++i)
    streams_.push_back(guard.getStream(c10::Device(at::kCUDA, static_cast<c10::DeviceIndex>(i))));
}

void CurrentStreams::apply() const {
  for (const c10::Stream& stream : streams_) VirtualGuardImpl(stream.device_type()).exchangeStream(stream);
}

void export_streams(Instance& instance, napi_value exports) {
  export_function(instance, exports, "sendTensor", send_tensor);
  export_function(instance, exports, "enterStream", enter_stream);
  export_function(instance, exports, "leaveStream", leave_stream);
  export_function(instance, exports, "graphTrouble", graph_trouble);
  export_function(instance, exports, "beginCapture", begin_capture);
  export_function(instance, exports, "endCapture", end_capture);
  export_function(instance, exports, "replayGraph", replay_graph);
  export_function(instance, exports, "dropGraph", drop_graph);
  export_function(instance, exports, "hasCallbacks", has_callbacks);
}

}  // namespace tench
