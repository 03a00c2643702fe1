#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include <simdjson.h>

#include <weir/state/state_type.hpp>

namespace weir {

/// Why a piece of JSON cannot become state; a sentence that begins with the place in it.
struct BadJson : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A place within a line: "value", then "value.field stops[2]".
struct JsonPlace {
  std::string_view name;
  const JsonPlace* outer = nullptr;
  std::size_t element = 0;  ///< of a list, where `name` is empty
  std::string text() const;
};

/// The inverse of append_json(): a value as its StateCodec writes it. Nothing is guessed: each field is there, unless it is optional; no
/// other is; numbers are whole and in range where the type says so. Throws BadJson.
void append_state(std::string& out, const StateType& type, const simdjson::dom::element& value,
                  const JsonPlace& place);

/// Turns what a StateCodec wrote into what an OrderedCodec writes: the key of a map.
void append_ordered(std::string& out, const StateType& type, StateReader& in);

/// hash_key() of what a StateCodec wrote.
std::uint64_t hash_of_key(const StateType& type, StateReader& in);

/// Whether hash_of_key() knows keys of this type.
bool is_key(const StateType& type);

}  // namespace weir
