#pragma once

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include <weir/operators/join.hpp>
#include <weir/operators/table_options.hpp>
#include <weir/operators/temporal_join_operator.hpp>

namespace weir {

/// Joins each row of the left stream with one of the right stream, whose rows are upserts: each replaces what its key had before.
/// `Traits` say how the row is chosen: AsOf or Latest.
template <class Traits, class Left, class Right, class IsDeleted>
class TemporalJoin : public InnerOrLeftJoin<TemporalJoin<Traits, Left, Right, IsDeleted>, Left, Right> {
  using Base = InnerOrLeftJoin<TemporalJoin, Left, Right>;

 public:
  using typename Base::Key;
  using typename Base::LeftRow;
  using typename Base::RightRow;

  TemporalJoin(Left left, Right right, IsDeleted is_deleted)
      : Base(std::move(left), std::move(right)), is_deleted_(std::move(is_deleted)) {}

  /// Right rows for which `predicate(const RightRow&)` holds end what their key had: tombstones.
  template <class Predicate>
  auto deleted_when(Predicate predicate) const {
    static_assert(std::predicate<Predicate&, const RightRow&>,
                  "weir: deleted_when() takes a predicate of (const Row&) of the right stream's row type");
    return TemporalJoin<Traits, Left, Right, Predicate>(this->left_, this->right_, std::move(predicate));
  }

 private:
  friend InnerOrLeftJoin<TemporalJoin, Left, Right>;

  template <JoinKind kKind, class Out, class Function>
  auto add(const std::string& name, Function function) const {
    using Op = typename Traits::template Operator<Key, LeftRow, RightRow, Out, Function, IsDeleted, kKind>;
    return detail::add_join<Out>(
        this->left_, this->right_, name, Traits::kDescription,
        Traits::template states<Key, LeftRow, RightRow>(),
        [function, is_deleted = is_deleted_](OperatorContext context) -> std::unique_ptr<weir::Operator> {
          return std::make_unique<Op>(std::move(context), function, is_deleted);
        },
        Traits::kByEventTime);
  }

  IsDeleted is_deleted_;
};

/// The right row that was valid at the left row's event time: the last of its key up to and including that moment; of several of one time the
/// one that came last.
///
/// *Emits* a left row when the watermark of both streams has reached its time, which is its event time still; in the order of times. A stream of
/// versions that seldom change should be idle_after() something, or left rows wait for it.
///
/// *Keeps* left rows until then; of each key the version that holds at the watermark and those that come after it. Versions that are
/// no longer needed go when their key changes next, deleted keys when the watermark passes the second of their deletion. So there is a
/// version for each key that is not deleted, for good.
///
/// *Late* is a left row behind the watermark: it is not joined, since its version may be gone. A right row is late when a newer one of its key
/// holds at the watermark already; one that is behind the watermark and newer than what is known holds for the left rows to come. What
/// is late is counted (weir_operator_late_records_total) and goes to late_left() or late_right().
///
/// *Restarts* change nothing.
///
/// The semantics of Flink's event-time temporal join.
struct AsOf {
  static constexpr const char* kDescription = "join with the version of the row's time";
  static constexpr bool kByEventTime = true;
  template <class Key, class LeftRow, class RightRow, class Out, class Function, class IsDeleted,
            JoinKind kKind>
  using Operator = detail::AsOfJoinOperator<Key, LeftRow, RightRow, Out, Function, IsDeleted, kKind>;
  template <class Key, class LeftRow, class RightRow>
  static std::vector<StateDescription> states() {
    const std::string waiting = detail::JoinRows<LeftRow, false>::type();
    return {{"versions", state_type<Key>(), state_type<detail::RowVersions<RightRow>>()},
            {"waiting rows", state_type<Key>(), waiting},
            {"due rows", state_type<Key>(), waiting},
            {"deletions", state_type<Key>(), state_type<std::uint8_t>()}};
  }
};

/// The right row of the key that came last, whatever the times of both.
///
/// *Emits* a left row at once, with its own event time. So a result depends on what came first, and a replay may give another: for results that
/// can be had again use join_as_of().
///
/// *Keeps* one right row a key until it is deleted. No row is late. After a *restart* the rows are those of the checkpoint.
///
/// The semantics of Kafka Streams' KStream-KTable join, and of Flink's processing-time temporal join.
struct Latest {
  static constexpr const char* kDescription = "join with the latest row";
  static constexpr bool kByEventTime = false;
  template <class Key, class LeftRow, class RightRow, class Out, class Function, class IsDeleted,
            JoinKind kKind>
  using Operator = detail::LatestJoinOperator<Key, LeftRow, RightRow, Out, Function, IsDeleted, kKind>;
  template <class Key, class LeftRow, class RightRow>
  static std::vector<StateDescription> states() {
    return {{"rows", state_type<Key>(), state_type<RightRow>()}};
  }
};

template <class Row, class From, class Chain, class KeyOf>
template <class Versions>
auto KeyedStream<Row, From, Chain, KeyOf>::join_as_of(Versions versions) const {
  detail::check_joined_streams<KeyedStream, Versions>();
  return TemporalJoin<AsOf, KeyedStream, Versions, NeverDeleted>(*this, std::move(versions), NeverDeleted{});
}

template <class Row, class From, class Chain, class KeyOf>
template <class Versions>
auto KeyedStream<Row, From, Chain, KeyOf>::join_latest(Versions versions) const {
  detail::check_joined_streams<KeyedStream, Versions>();
  return TemporalJoin<Latest, KeyedStream, Versions, NeverDeleted>(*this, std::move(versions),
                                                                   NeverDeleted{});
}

}  // namespace weir
