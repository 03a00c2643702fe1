#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <weir/runtime/job.hpp>

#include "http_options.hpp"

namespace weir {

/// What of a request the routes look at.
struct HttpRequest {
  std::string_view method;
  std::string_view target;
  std::string_view host;           ///< empty: none was sent
  std::string_view authorization;  ///< empty: none was sent
};

struct HttpAnswer {
  unsigned status = 200;
  std::string body;
  std::string content_type = "text/plain; charset=utf-8";
  std::string allow;         ///< for 405
  std::string authenticate;  ///< for 401
};

/// What the endpoint tells. Called from its thread.
struct HttpSubjects {
  std::function<JobStatus()> status;
  std::function<std::string()> metrics;  ///< in Prometheus' text format
  std::string version;                   ///< a JSON object
  std::string job;
};

/// Decides the answer; thread-free and without a socket.
HttpAnswer answer(const HttpRequest& request, const HttpOptions& options, const HttpSubjects& subjects);

}  // namespace weir
