#pragma once

#include <cstdint>

#include <weir/state/state_type.hpp>

namespace weir {

/// Reads a number as its type says, at the widest there is.
inline std::int64_t read_signed(const StateType& type, StateReader& in) {
  switch (type.bytes) {
    case 1:
      return in.number<std::int8_t>();
    case 2:
      return in.number<std::int16_t>();
    case 4:
      return in.number<std::int32_t>();
    default:
      return in.number<std::int64_t>();
  }
}

inline std::uint64_t read_unsigned(const StateType& type, StateReader& in) {
  switch (type.bytes) {
    case 1:
      return in.number<std::uint8_t>();
    case 2:
      return in.number<std::uint16_t>();
    case 4:
      return in.number<std::uint32_t>();
    default:
      return in.number<std::uint64_t>();
  }
}

inline double read_floating(const StateType& type, StateReader& in) {
  return type.bytes == 4 ? static_cast<double>(in.number<float>()) : in.number<double>();
}

}  // namespace weir
