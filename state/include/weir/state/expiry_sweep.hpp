#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <weir/state/state_ttl.hpp>

namespace weir {

/// A state whose expired entries are to be removed little by little.
class Sweepable {
 public:
  virtual ~Sweepable() = default;
  /// Looks at about `entries` more of it and removes what has expired. True: it has come to the end; the next call begins again.
  virtual bool sweep(std::size_t entries) = 0;
  virtual Expiry& expiry() = 0;
};

/// Sweeps the states of an operator, so that what nobody asks for goes too: through each of them once in an eighth of its time to live
/// (at least a second), some thousand entries a call, with pauses for rows. Driven by Operator::advance_processing_time(). One thread.
class ExpirySweep {
 public:
  void add(std::shared_ptr<Sweepable> state) { items_.push_back({std::move(state)}); }
  /// When run() has something to do; EventTime::max(): never, as things are. Reads no clock.
  EventTime next() const;
  void run(EventTime wall_clock);
  /// The input has ended: whoever goes on from here sweeps.
  void end() { items_.clear(); }

 private:
  struct Item {
    std::shared_ptr<Sweepable> state;
    EventTime next_pass = EventTime::min();  ///< by the state's clock
    bool in_pass = false;
  };
  static bool is_due(const Item& item, EventTime now) {
    return now != EventTime::min() && (item.in_pass || now >= item.next_pass);
  }

  std::vector<Item> items_;
  EventTime next_portion_ = EventTime::min();
};

}  // namespace weir
