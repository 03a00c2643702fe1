#pragma once

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <weir/core/job_graph.hpp>
#include <weir/state/manifest_state.hpp>
#include <weir/state/operator_states.hpp>
#include <weir/state/owned.hpp>

namespace weir {

/// A list that belongs to a worker's copy of a function, not to a key. A member of a process function, keyed or not, listed by its
/// `operator_states()`. Kept in memory and, whole, in the manifest of every checkpoint: meant for thousands of elements, not millions. Elements
/// stay until they are removed; their text is copied.
template <class Value>
class OperatorListState {
 public:
  explicit OperatorListState(std::string name) : name_(std::move(name)) {}
  const std::string& name() const { return name_; }

  void add(const Value& value) { values_.emplace_back(value); }
  /// visit(value), in the order in which they were added.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const Owned<Value>& value : values_) visit(value.get());
  }
  /// Keeps the elements for which keep(value) holds. Returns how many have gone.
  template <class Keep>
  std::size_t keep_if(Keep&& keep) {
    return std::erase_if(values_, [&](const Owned<Value>& value) { return !keep(value.get()); });
  }
  void clear() { values_.clear(); }
  bool empty() const { return values_.empty(); }
  std::size_t size() const { return values_.size(); }

  // For operators.
  std::string encoded() const {
    std::string out;
    detail::append_number(out, static_cast<std::uint32_t>(values_.size()));
    for (const Owned<Value>& value : values_) StateCodec<Owned<Value>>::encode(out, value);
    return out;
  }

 protected:
  /// Adds what encoded() gave.
  void take_in(std::string_view bytes) {
    StateReader in(bytes);
    for (auto left = in.number<std::uint32_t>(); left > 0; --left)
      values_.push_back(StateCodec<Owned<Value>>::decode(in));
  }
  std::vector<Owned<Value>> values_;

 private:
  std::string name_;
};

/// What a function's copy on one worker is given at a restore: what each worker of the checkpoint had of a state, in the order of workers.
struct RestoredParts {
  std::vector<std::string_view> contents;  ///< empty: that worker had none
  std::uint32_t worker = 0;
  std::uint32_t parallelism = 1;
};

/// Whose elements are divided among the workers: with as many workers as before each gets its own again, otherwise all elements, in the
/// order of workers, are dealt out in turn. For what is somebody's, and may be anybody's: rows in hand, open requests.
/// Source: Flink, ListCheckpointed and getListState().
template <class Value>
class SplitListState : public OperatorListState<Value> {
 public:
  using OperatorListState<Value>::OperatorListState;

  // For operators.
  static std::string type() { return "split<" + state_type<Value>() + ">"; }
  void restore(const RestoredParts& parts) {
    this->clear();
    if (parts.contents.size() == parts.parallelism) {
      if (const std::string_view own = parts.contents[parts.worker]; !own.empty()) this->take_in(own);
      return;
    }
    for (const std::string_view content : parts.contents)
      if (!content.empty()) this->take_in(content);
    std::size_t mine = 0;
    for (std::size_t i = parts.worker; i < this->values_.size(); i += parts.parallelism, ++mine)
      if (i != mine) this->values_[mine] = std::move(this->values_[i]);
    this->values_.resize(mine);
  }
};

/// Of whose elements every worker gets all at a restore, in the order of workers: each takes what concerns it and removes the rest, or
/// all of it becomes everybody's, times the number of workers.
/// Source: Flink, getUnionListState().
template <class Value>
class UnionListState : public OperatorListState<Value> {
 public:
  using OperatorListState<Value>::OperatorListState;

  // For operators.
  static std::string type() { return "union<" + state_type<Value>() + ">"; }
  void restore(const RestoredParts& parts) {
    this->clear();
    for (const std::string_view content : parts.contents)
      if (!content.empty()) this->take_in(content);
  }
};

namespace detail {

template <class Function>
concept HasOperatorStates = requires(Function function) {
  function.operator_states();
};

template <class Function>
void encode_operator_states(Function& function, std::string& out) {
  std::apply([&](auto&... state) { (ManifestStates::append(out, state.name(), state.encoded()), ...); },
             function.operator_states());
}

template <class Function>
void restore_operator_states(Function& function, const OperatorStates& states, std::uint32_t worker,
                             std::uint32_t parallelism) {
  std::vector<OperatorStates::Part> parts = states.restored_parts();
  std::sort(parts.begin(), parts.end(),
            [](const auto& a, const auto& b) { return a.key_groups.first < b.key_groups.first; });
  const auto restore = [&](auto& state) {
    RestoredParts restored{{}, worker, parallelism};
    for (const auto& part : parts)
      restored.contents.push_back(ManifestStates::find(part.extra, state.name()));
    state.restore(restored);
  };
  if (!parts.empty()) std::apply([&](auto&... state) { (restore(state), ...); }, function.operator_states());
}

/// Their "keys" are workers.
template <class Function>
void describe_operator_states(Function& function, std::vector<StateDescription>& described) {
  std::apply(
      [&](auto&... state) {
        (described.push_back({state.name(), "uint32", state.type()}), ...);
      },
      function.operator_states());
}

}  // namespace detail

}  // namespace weir
