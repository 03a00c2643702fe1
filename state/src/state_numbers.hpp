#pragma once

#include <cstdint>

#include <weir/core/time.hpp>
#include <weir/state/state_type.hpp>
#include <weir/state/wide_integer.hpp>

namespace weir {

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

/// A whole number of any width.
inline WideInteger read_wide(const StateType& type, StateReader& in) {
  if (type.bytes == sizeof(WideInteger)) return StateCodec<WideInteger>::decode(in);
  return type.kind == StateType::Kind::kUnsigned ? WideInteger(read_unsigned(type, in))
                                                 : WideInteger(read_signed(type, in));
}

inline double read_floating(const StateType& type, StateReader& in) {
  return type.bytes == 4 ? static_cast<double>(in.number<float>()) : in.number<double>();
}

/// Of an entry that has none. A sweep gives it the time of the restore.
inline constexpr std::int64_t kNoTime = EventTime::min().millis;

}  // namespace weir
