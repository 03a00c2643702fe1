#pragma once

#include <string>

#include <weir/core/time.hpp>

namespace weir {

/// For messages: "2026-03-01T10:00:00.250Z"; "the beginning" and "the end" for the ends of time.
std::string text_of(EventTime time);
/// "850 ms", "12 s", "1 min 30 s", "2 h 05 min".
std::string text_of(std::chrono::nanoseconds duration);

}  // namespace weir
