#include "http_options.hpp"

#include <fmt/format.h>
#include <boost/asio/ip/address.hpp>

#include "quantity.hpp"

namespace weir {

namespace {

std::optional<boost::asio::ip::address> parse_ip(std::string text) {
  if (text == "localhost") text = "127.0.0.1";
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(text, error);
  if (error) return std::nullopt;
  return address;
}

}  // namespace

std::optional<HttpOptions> parse_http_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  std::string host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = parse_ip(host);
  const auto port = parse_integer(text.substr(colon + 1));
  if (!address || address->is_v6() != bracketed || !port || *port < 0 || *port > 65535) return std::nullopt;
  HttpOptions options;
  options.address = address->to_string();
  options.port = static_cast<std::uint16_t>(*port);
  return options;
}

bool is_loopback(const std::string& address) {
  const auto ip = parse_ip(address);
  return ip && ip->is_loopback();
}

std::string to_string(const HttpOptions& options) {
  return options.address.find(':') == std::string::npos
             ? fmt::format("{}:{}", options.address, options.port)
             : fmt::format("[{}]:{}", options.address, options.port);
}

}  // namespace weir
