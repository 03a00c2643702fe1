#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/core/source.hpp>

#include "kafka_client.hpp"

namespace weir::kafka {

/// Shows positions to lag tools, as the committed offsets of a consumer group that the job is no member of. Nothing depends on it, so
/// nothing waits for it: one report is on its way at a time, and those that come meanwhile give way to the newest.
class GroupReports {
 public:
  using Positions = std::vector<std::pair<std::string, Position>>;

  /// `warn`, which may be empty, is told once of each kind of refusal.
  GroupReports(std::shared_ptr<Client> client, std::string group, std::string topic,
               std::function<void(const std::string&)> warn);

  void report(const Positions& positions);
  /// Waits for the last report, at most so long.
  void finish(std::chrono::milliseconds within);

 private:
  /// Waits for the answer; false when it is not there yet.
  bool take_answer(int milliseconds);
  void send(const Positions& positions);
  void examine(const rd_kafka_event_t& answer);
  void complain(rd_kafka_resp_err_t code);

  std::shared_ptr<Client> client_;  ///< shared with the source and its readers
  const std::string group_;
  const std::string topic_;
  std::function<void(const std::string&)> warn_;
  Queue answers_;
  bool on_its_way_ = false;
  Positions waiting_;
  int failures_ = 0;  ///< in a row
  rd_kafka_resp_err_t complained_of_ = RD_KAFKA_RESP_ERR_NO_ERROR;
};

}  // namespace weir::kafka
