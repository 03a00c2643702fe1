#pragma once

#include <string>
#include <string_view>

#include <weir/core/time.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/state/codec.hpp>
#include <weir/state/state_type.hpp>

namespace weir::detail {

/// Fails the job for a result that cannot be, and says whose: `key` as JSON, `window` null where there is none.
[[noreturn]] void fail_result(std::string_view operator_name, const std::string& key, const Window* window,
                              const SumOutOfRange& why);

template <class Key>
std::string key_as_json(const Key& key) {
  std::string bytes, text;
  StateCodec<Key>::encode(bytes, key);
  StateReader in(bytes);
  append_json(text, StateType::parse(state_type<Key>()), in);
  return text;
}

/// What make() gives: the result, or results, of a key.
template <class Key, class Make>
decltype(auto) result_of_key(std::string_view operator_name, const Key& key, const Window* window,
                             Make&& make) {
  try {
    return make();
  } catch (const SumOutOfRange& why) {
    fail_result(operator_name, key_as_json(key), window, why);
  }
}

}  // namespace weir::detail
