// Captured graphs of CUDA behind LibTorch's device-neutral interface, for which LibTorch itself has none (up to 2.14 at
// least). A library of its own, since the addon links nothing of CUDA: whoever opens it finds CUDA in the registry.
#include <ATen/core/GraphImplInterface.h>
#include <ATen/cuda/CUDAGraph.h>

#include <c10/util/Exception.h>

#include <memory>
#include <string>

namespace {

cudaStreamCaptureMode to_cuda(at::GraphCaptureMode mode) {
  switch (mode) {
    case at::GraphCaptureMode::Global:
      return cudaStreamCaptureModeGlobal;
    case at::GraphCaptureMode::Relaxed:
      return cudaStreamCaptureModeRelaxed;
    default:
      // Other threads of the process may make tensors meanwhile; PyTorch's own default would let that end the capture.
      return cudaStreamCaptureModeThreadLocal;
  }
}

class CudaGraph : public at::GraphImplInterface {
 public:
  explicit CudaGraph(const at::GraphImplArgs& args) : graph_(args.keep_graph) {}

  void capture_begin(at::MempoolId_t pool, at::GraphCaptureMode mode) override {
    graph_.capture_begin(pool, to_cuda(mode));
  }
  void capture_end() override { graph_.capture_end(); }
  void instantiate() override { graph_.instantiate(); }
  void replay() override { graph_.replay(); }
  void reset() override { graph_.reset(); }
  at::MempoolId_t pool() const override { return graph_.pool(); }
  void enable_debug_mode() override { graph_.enable_debug_mode(); }
  void debug_dump(const std::string&) override { TORCH_CHECK(false, "a captured graph of CUDA cannot be dumped here"); }

 private:
  // LibTorch asks a constant interface for what only a changeable graph answers.
  mutable at::cuda::CUDAGraph graph_;
};

const bool registered = [] {
  if (at::has_graph_impl(at::kCUDA)) return false;
  at::GraphImplRegistry()->Register("CUDA", [](at::GraphImplArgs args) -> std::unique_ptr<at::GraphImplInterface> {
    return std::make_unique<CudaGraph>(args);
  });
  return true;
}();

}  // namespace
