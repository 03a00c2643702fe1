#pragma once

#include <tuple>
#include <vector>

#include <weir/core/job_graph.hpp>
#include <weir/operators/list_state.hpp>
#include <weir/operators/map_state.hpp>
#include <weir/operators/value_state.hpp>

namespace weir {

namespace detail {

template <class Function>
concept HasStates = requires(Function function) {
  function.states();
};

/// The states that a process function lists, as the graph describes them.
template <class Key, class Function>
std::vector<StateDescription> describe_states(Function& function) {
  std::vector<StateDescription> described;
  if constexpr (HasStates<Function>)
    std::apply(
        [&](auto&... state) {
          (described.push_back({state.name(), state_type<Key>(), state.type()}), ...);
        },
        function.states());
  return described;
}

/// Ties the states that a process function lists to its operator. What reads ahead for a batch.
template <class Key, class Function>
std::vector<StateFetch<Key>> bind_states(Function& function, OperatorStates& states,
                                         const KeyRef<Key>& current, StateClock& clock, ExpirySweep& sweep) {
  std::vector<StateFetch<Key>> fetches;
  if constexpr (HasStates<Function>)
    std::apply([&](auto&... state) { (fetches.push_back(state.bind(states, current, clock, sweep)), ...); },
               function.states());
  return fetches;
}

}  // namespace detail

}  // namespace weir
