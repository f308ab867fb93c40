// How a JavaScript argument becomes each C++ type that operators' signatures are made of. A reader holds the value for
// as long as the operator runs; `read` says false where the boxed call must decide.
#pragma once

#include <ATen/core/IListRef.h>
#include <ATen/core/List.h>
#include <ATen/core/Tensor.h>
#include <c10/core/SymIntArrayRef.h>
#include <c10/util/OptionalArrayRef.h>
#include <c10/util/SmallVector.h>

#include <cmath>
#include <optional>

#include "convert.h"
#include "direct.h"

namespace tench {

// One call while its arguments are read.
struct Reading {
  Instance& instance;
  const DirectCall& call;
  const DirectArguments& arguments;
  bool requires_grad = false;
  // Whether some tensor has no memory that a kernel could read by itself; the boxed call then looks closer.
  bool opaque = false;

  // No copy: nothing that may run the garbage collector happens before the operator has returned.
  const at::Tensor& tensor(size_t index) {
    const at::Tensor& found = instance.handles.peek(arguments.numbers[index]);
    look_at(found);
    return found;
  }

  void look_at(const at::Tensor& tensor) {
    requires_grad = requires_grad || tensor.requires_grad();
    opaque = opaque || tensor.is_mkldnn();
  }

  WholeScalar whole() const {
    if (!call.scalars_follow) return WholeScalar::integer;
    for (size_t i = 0; i < call.kinds.size(); ++i) {
      double handle = arguments.numbers[i];
      if (call.kinds[i] == Kind::tensors) {
        const auto handles = js::to_doubles(instance.env, arguments.lists[i], "tensors");
        if (handles.empty()) continue;
        handle = handles[0];
      } else if (call.kinds[i] != Kind::tensor) {
        continue;
      }
      return at::isIntegralType(instance.handles.peek(handle).scalar_type(), true) ? WholeScalar::integer
                                                                                   : WholeScalar::floating;
    }
    return WholeScalar::floating;
  }
};

// Whether a number may stand for an integer; `result` is then that integer.
inline bool is_integer(double number, int64_t& result) {
  if (!js::is_whole(number)) return false;
  result = static_cast<int64_t>(number);
  return true;
}

inline bool is_left_out(Kind kind) { return kind == Kind::absent || kind == Kind::null; }

template <class T>
struct Reader;

// Reading an array may run a getter of the user's, which may release tensors: such readers go first.
template <class T>
constexpr bool runs_javascript = false;
template <>
inline constexpr bool runs_javascript<at::IntArrayRef> = true;
template <>
inline constexpr bool runs_javascript<c10::SymIntArrayRef> = true;
template <>
inline constexpr bool runs_javascript<at::OptionalIntArrayRef> = true;
template <>
inline constexpr bool runs_javascript<at::OptionalSymIntArrayRef> = true;

template <>
struct Reader<const at::Tensor&> {
  const at::Tensor* held = nullptr;
  bool read(Reading& reading, const c10::Argument&, Kind kind, size_t index) {
    if (kind != Kind::tensor) return false;
    held = &reading.tensor(index);
    return true;
  }
  const at::Tensor& get() const { return *held; }
};

template <>
struct Reader<at::Tensor&> {
  at::Tensor held;
  bool read(Reading& reading, const c10::Argument&, Kind kind, size_t index) {
    if (kind != Kind::tensor) return false;
    held = reading.tensor(index);
    return true;
  }
  at::Tensor& get() { return held; }
};

template <>
struct Reader<const std::optional<at::Tensor>&> {
  std::optional<at::Tensor> held;
  bool read(Reading& reading, const c10::Argument&, Kind kind, size_t index) {
    if (kind == Kind::tensor) held = reading.tensor(index);
    return kind == Kind::tensor || is_left_out(kind);
  }
  const std::optional<at::Tensor>& get() const { return held; }
};

template <>
struct Reader<at::TensorList> {
  std::vector<at::Tensor> held;
  bool read(Reading& reading, const c10::Argument&, Kind kind, size_t index) {
    if (kind != Kind::tensors) return false;
    for (const double handle : js::to_doubles(reading.instance.env, reading.arguments.lists[index], "tensors")) {
      if (handle == 0) return false;
      held.push_back(reading.instance.handles.peek(handle));
      reading.look_at(held.back());
    }
    return true;
  }
  at::TensorList get() const { return held; }
};

template <>
struct Reader<const at::ITensorListRef&> : Reader<at::TensorList> {
  at::ITensorListRef list;
  const at::ITensorListRef& get() { return list = at::ITensorListRef(held); }
};

template <>
struct Reader<const at::Scalar&> {
  at::Scalar held;
  bool read(Reading& reading, const c10::Argument& argument, Kind kind, size_t index) {
    if (kind == Kind::absent) {
      held = argument.default_value()->toScalar();
    } else if (kind == Kind::number) {
      held = to_scalar(reading.arguments.numbers[index], reading.whole());
    } else if (kind == Kind::boolean) {
      held = at::Scalar(reading.arguments.numbers[index] != 0);
    } else {
      return false;
    }
    return true;
  }
  const at::Scalar& get() const { return held; }
};

// Plain numbers and switches.
template <class T>
struct PlainReader {
  T held{};
  bool read(Reading& reading, const c10::Argument& argument, Kind kind, size_t index) {
    if (kind == Kind::absent) {
      held = argument.default_value()->template to<T>();
      return true;
    }
    const double number = reading.arguments.numbers[index];
    if constexpr (std::is_same_v<T, int64_t>) {
      return kind == Kind::number && is_integer(number, held);
    } else {
      held = static_cast<T>(number);
      return kind == (std::is_same_v<T, bool> ? Kind::boolean : Kind::number);
    }
  }
  T get() const { return held; }
};

template <>
struct Reader<bool> : PlainReader<bool> {};
template <>
struct Reader<double> : PlainReader<double> {};
template <>
struct Reader<int64_t> : PlainReader<int64_t> {};

template <>
struct Reader<c10::SymInt> : PlainReader<int64_t> {
  c10::SymInt get() const { return held; }
};

// Optional values: left out, null, or what a reader of the plain type reads.
template <class T, class Plain>
struct OptionalReader {
  Plain plain;
  bool given = false;
  bool read(Reading& reading, const c10::Argument& argument, Kind kind, size_t index) {
    if (kind == Kind::null || (kind == Kind::absent && argument.default_value()->isNone())) return true;
    given = true;
    return plain.read(reading, argument, kind, index);
  }
  std::optional<T> get() const { return given ? std::optional<T>(plain.get()) : std::nullopt; }
};

template <>
struct Reader<std::optional<bool>> : OptionalReader<bool, Reader<bool>> {};
template <>
struct Reader<std::optional<double>> : OptionalReader<double, Reader<double>> {};
template <>
struct Reader<std::optional<int64_t>> : OptionalReader<int64_t, Reader<int64_t>> {};
template <>
struct Reader<std::optional<c10::SymInt>> : OptionalReader<c10::SymInt, Reader<c10::SymInt>> {};

template <>
struct Reader<const std::optional<at::Scalar>&> {
  std::optional<at::Scalar> held;
  bool read(Reading& reading, const c10::Argument& argument, Kind kind, size_t index) {
    if (kind == Kind::null || (kind == Kind::absent && argument.default_value()->isNone())) return true;
    Reader<const at::Scalar&> plain;
    if (!plain.read(reading, argument, kind, index)) return false;
    held = plain.held;
    return true;
  }
  const std::optional<at::Scalar>& get() const { return held; }
};

// Options that the direct path reads only when they are left out: dtype, layout, device, memory format, generator.
template <class T>
struct LeftOutReader {
  bool read(Reading&, const c10::Argument& argument, Kind kind, size_t) const {
    return kind == Kind::null || (kind == Kind::absent && argument.default_value()->isNone());
  }
  T get() const { return std::nullopt; }
};

template <>
struct Reader<std::optional<at::ScalarType>> : LeftOutReader<std::optional<at::ScalarType>> {};
template <>
struct Reader<std::optional<at::Layout>> : LeftOutReader<std::optional<at::Layout>> {};
template <>
struct Reader<std::optional<at::Device>> : LeftOutReader<std::optional<at::Device>> {};
template <>
struct Reader<std::optional<at::MemoryFormat>> : LeftOutReader<std::optional<at::MemoryFormat>> {};
template <>
struct Reader<std::optional<at::Generator>> : LeftOutReader<std::optional<at::Generator>> {};
template <>
struct Reader<std::optional<at::ArrayRef<double>>> : LeftOutReader<std::optional<at::ArrayRef<double>>> {};

// Lists of integers; one number stands for a list of fixed length.
template <class T>
struct ListReader {
  c10::SmallVector<T, 6> held;
  bool given = false;
  bool read(Reading& reading, const c10::Argument& argument, Kind kind, size_t index) {
    const bool defaulted = kind == Kind::absent;
    if (kind == Kind::null || (defaulted && argument.default_value()->isNone())) return true;
    given = true;
    if (defaulted) {
      for (const int64_t size : argument.default_value()->toIntVector()) held.push_back(T(size));
      return true;
    }
    napi_env env = reading.instance.env;
    int64_t number = 0;
    if (kind == Kind::number) {
      if (!argument.N().has_value() || !is_integer(reading.arguments.numbers[index], number)) return false;
      held.assign(static_cast<size_t>(*argument.N()), T(number));
      return true;
    }
    if (kind != Kind::numbers) return false;
    uint32_t length = 0;
    // A proxy of an array is none to Node-API.
    if (napi_get_array_length(env, reading.arguments.lists[index], &length) != napi_ok) return false;
    if (argument.N().value_or(1) > 1 && length != static_cast<uint32_t>(*argument.N())) return false;
    for (uint32_t i = 0; i < length; ++i) {
      napi_value element = nullptr;
      double real = 0;
      check(env, napi_get_element(env, reading.arguments.lists[index], i, &element), "element");
      if (napi_get_value_double(env, element, &real) != napi_ok || !is_integer(real, number)) return false;
      held.push_back(T(number));
    }
    return true;
  }
};

template <>
struct Reader<at::IntArrayRef> : ListReader<int64_t> {
  at::IntArrayRef get() const { return held; }
};
template <>
struct Reader<c10::SymIntArrayRef> : ListReader<c10::SymInt> {
  c10::SymIntArrayRef get() const { return held; }
};
template <>
struct Reader<at::OptionalIntArrayRef> : ListReader<int64_t> {
  at::OptionalIntArrayRef get() const {
    return given ? at::OptionalIntArrayRef(at::IntArrayRef(held)) : at::OptionalIntArrayRef();
  }
};
template <>
struct Reader<at::OptionalSymIntArrayRef> : ListReader<c10::SymInt> {
  at::OptionalSymIntArrayRef get() const {
    return given ? at::OptionalSymIntArrayRef(c10::SymIntArrayRef(held)) : at::OptionalSymIntArrayRef();
  }
};

}  // namespace tench
