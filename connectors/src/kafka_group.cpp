#include "kafka_group.hpp"

#include <cstdlib>

#include <fmt/format.h>

#include "kafka_error.hpp"

namespace weir::kafka {

namespace {

constexpr int kAnswerWithin = 5'000;  // milliseconds; given up then

using Options = std::unique_ptr<rd_kafka_AdminOptions_t, FreeWith<rd_kafka_AdminOptions_destroy>>;
using Alteration = std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t,
                                   FreeWith<rd_kafka_AlterConsumerGroupOffsets_destroy>>;

constexpr int kPatience = 3;  // reports

// What may pass by itself: the next report tries again.
bool passes(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__TIMED_OUT || code == RD_KAFKA_RESP_ERR__TRANSPORT ||
         code == RD_KAFKA_RESP_ERR__DESTROY || code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE || code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR;
}

}  // namespace

GroupReports::GroupReports(std::shared_ptr<Client> client, std::string group, std::string topic,
                           std::function<void(const std::string&)> warn)
    : client_(std::move(client)),
      group_(std::move(group)),
      topic_(std::move(topic)),
      warn_(std::move(warn)),
      answers_(rd_kafka_queue_new(client_->get())) {}

void GroupReports::finish(std::chrono::milliseconds within) {
  if (!take_answer(static_cast<int>(within.count())) || waiting_.empty()) return;
  send(Positions(waiting_));
  take_answer(static_cast<int>(within.count()));
}

void GroupReports::report(const Positions& positions) {
  if (positions.empty()) return;
  if (take_answer(0)) send(positions);
  else waiting_ = positions;
}

void GroupReports::send(const Positions& positions) {
  const PartitionList list(rd_kafka_topic_partition_list_new(static_cast<int>(positions.size())));
  for (const auto& [partition, position] : positions)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), std::atoi(partition.c_str()))->offset =
        position.offset;
  char reason[128];
  const Options options(
      rd_kafka_AdminOptions_new(client_->get(), RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS));
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kAnswerWithin, reason, sizeof reason);
  const Alteration alteration(rd_kafka_AlterConsumerGroupOffsets_new(group_.c_str(), list.get()));
  rd_kafka_AlterConsumerGroupOffsets_t* alterations[] = {alteration.get()};
  rd_kafka_AlterConsumerGroupOffsets(client_->get(), alterations, 1, options.get(), answers_.get());
  waiting_.clear();
  on_its_way_ = true;
}

bool GroupReports::take_answer(int milliseconds) {
  if (!on_its_way_) return true;
  const Event answer(rd_kafka_queue_poll(answers_.get(), milliseconds));
  if (!answer) return false;
  on_its_way_ = false;
  examine(*answer);
  return true;
}

void GroupReports::examine(const rd_kafka_event_t& answer) {
  auto* event = const_cast<rd_kafka_event_t*>(&answer);
  ++failures_;
  if (const auto code = rd_kafka_event_error(event)) return complain(code);
  std::size_t count = 0;
  const auto* result = rd_kafka_event_AlterConsumerGroupOffsets_result(event);
  const auto** groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(result, &count);
  for (std::size_t i = 0; i < count; ++i) {
    if (const auto* error = rd_kafka_group_result_error(groups[i]))
      return complain(rd_kafka_error_code(error));
    const auto* partitions = rd_kafka_group_result_partitions(groups[i]);
    for (int p = 0; partitions && p < partitions->cnt; ++p)
      if (partitions->elems[p].err) return complain(partitions->elems[p].err);
  }
  failures_ = 0;
}

void GroupReports::complain(rd_kafka_resp_err_t code) {
  if ((passes(code) && failures_ < kPatience) || code == complained_of_) return;
  complained_of_ = code;
  if (warn_)
    warn_(
        fmt::format("lag tools do not see the positions in topic {}: consumer group {}: {}{}. The job needs "
                    "them for nothing else; group=NAME in the address takes another group",
                    topic_, group_, text_of(code), missing_right(code, "Read on group " + group_)));
}

}  // namespace weir::kafka
