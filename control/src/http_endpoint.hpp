#pragma once

#include <memory>

#include "http_options.hpp"
#include "http_routes.hpp"

namespace weir {

/// Answers HTTP requests on a thread of its own, as long as it lives. Bounded in everything: headers 8 KiB, bodies 64 KiB,
/// connections and time as the options say.
class HttpEndpoint {
 public:
  /// Listens when the constructor returns. Throws FailJob(kCannotConnect) naming the address when it cannot.
  HttpEndpoint(HttpOptions options, HttpSubjects subjects);
  /// Closes every connection. Blocks until an answer under way has been made.
  ~HttpEndpoint();

  /// The port that is listened on, also when any was asked for.
  std::uint16_t port() const;

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

}  // namespace weir
