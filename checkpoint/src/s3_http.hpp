#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "s3_address.hpp"
#include "s3_request.hpp"

namespace weir {

/// There was no answer, or not a whole one. Nobody knows whether the request was carried out.
struct NoAnswer : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Requests to one server over kept connections, one at a time on each. Calls block; any thread.
class S3Http {
 public:
  S3Http(std::string host, std::string port, bool tls, std::chrono::milliseconds timeout);
  ~S3Http();

  /// Throws NoAnswer.
  S3Response exchange(const S3Request& request);

 private:
  class Connection;
  struct Security;

  std::unique_ptr<Connection> take();
  void give_back(std::unique_ptr<Connection> connection);

  const std::string host_;
  const std::string port_;
  const std::chrono::milliseconds timeout_;
  std::unique_ptr<Security> security_;  ///< null: in the clear
  std::mutex mutex_;                    ///< guards what follows
  std::vector<std::unique_ptr<Connection>> idle_;
};

}  // namespace weir
