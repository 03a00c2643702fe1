#pragma once

#include <string>

namespace weir {

/// Builds the address that a pipeline gives a source or sink for the case that configuration gives none:
/// `weir::kafka::topic("flights").json()`. The brokers come from the configuration (`connectors.kafka.brokers`).
class TopicAddress {
 public:
  explicit TopicAddress(const std::string& topic) : text_("kafka:" + topic) {}
  TopicAddress json() const { return with("format", "json"); }
  TopicAddress raw() const { return with("format", "raw"); }
  /// Any parameter of docs/connectors.md, or property of librdkafka.
  TopicAddress with(const std::string& key, const std::string& value) const {
    TopicAddress copy = *this;
    copy.text_ += (copy.text_.find('?') == std::string::npos ? "?" : "&") + key + "=" + value;
    return copy;
  }
  operator std::string() const { return text_; }  // NOLINT(google-explicit-constructor): it is an address

 private:
  std::string text_;
};

namespace kafka {
inline TopicAddress topic(const std::string& name) { return TopicAddress(name); }
}  // namespace kafka

}  // namespace weir
