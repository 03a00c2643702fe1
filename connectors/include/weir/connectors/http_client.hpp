#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include <weir/core/batch.hpp>
#include <weir/core/schema.hpp>
#include <weir/core/time.hpp>

namespace weir {

struct HttpHeader {
  std::string name;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(HttpHeader, (), (name, value))

/// What a server answered, whatever its status.
struct HttpResponse {
  std::int32_t status = 0;
  std::vector<HttpHeader> headers;
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  /// The first header of that name, in any case; empty when there is none.
  std::string_view header(std::string_view name) const;
  /// The body, a JSON object, as a described struct whose text is std::string. Throws std::runtime_error naming the field. What is
  /// accepted stands in docs/formats/rows.md.
  template <Described T>
  T json() const;
};
BOOST_DESCRIBE_STRUCT(HttpResponse, (), (status, headers, body))

/// What came of a request: a response, or an error for people that begins with the URL, without its query.
struct HttpResult {
  std::string url;  ///< as in `error`
  std::optional<HttpResponse> response;
  std::string error;
  bool timed_out = false;
  bool may_retry = true;  ///< false: the request itself is wrong
};

/// Called once a request, on a thread of the client; must not block, throw, or destroy the client.
using HttpCallback = std::function<void(HttpResult)>;

struct HttpClientOptions {
  /// `http://host[:port][/path]`, put before targets that begin with `/`.
  std::string base_url;
  /// At once, of all hosts; further requests wait for their turn. 1 and up.
  std::size_t connections_max = 16;
  bool keep_alive = true;
  /// From the call to the end of the answer, the wait for a connection included.
  Duration timeout{10'000};
  Duration connect_timeout{5'000};
  /// How long a connection is kept that nobody uses.
  Duration idle_timeout{30'000};
  /// A larger body is an error.
  std::size_t response_bytes_max = std::size_t{8} << 20;
  /// Threads of the client, each with its share of the connections; 1 is enough for some ten thousand requests a second.
  std::uint32_t io_threads = 1;
  /// Sent with each request: an Authorization, say.
  std::vector<HttpHeader> headers = {};
};

/// Makes HTTP/1.1 requests from threads of its own, over connections that are kept. Everything may be called from any thread.
/// Plain HTTP only: `https://` is refused; a proxy on this machine that speaks TLS to the outside is the way there.
class HttpClient {
 public:
  /// Connects to nothing yet. Throws FailJob(kUsage) for a base URL or options that cannot work.
  explicit HttpClient(HttpClientOptions options);
  /// Ends all requests; those under way get an error, from within this call.
  ~HttpClient();

  /// `target`: a path that begins with `/`, with its query, percent-encoded; or a URL of its own. A GET whose kept connection turns
  /// out to be closed is made again by itself.
  void get(std::string_view target, std::vector<HttpHeader> headers, HttpCallback callback);
  /// As get(), with a body; name its type by a Content-Type header.
  void post(std::string_view target, std::string body, std::vector<HttpHeader> headers,
            HttpCallback callback);

 private:
  struct Core;
  std::unique_ptr<Core> core_;
};

/// Percent-encodes a part of a path or query: all but letters, digits and `-._~`.
std::string url_encoded(std::string_view text);

namespace detail {

/// Appends the row that `body` stands for. Throws std::runtime_error.
void decode_json_body(std::string_view body, const RowSchema& schema, Batch& batch);

}  // namespace detail

template <Described T>
T HttpResponse::json() const {
  static_assert(!kHoldsViews<T>,
                "weir: what json() gives outlives the response; let it own its text (std::string)");
  RowBatch<T> batch(1);
  detail::decode_json_body(body, row_schema<T>(), batch);
  return std::move(batch[0]);
}

}  // namespace weir
