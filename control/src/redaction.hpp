#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <weir/core/redaction.hpp>

namespace weir {

/// Knows the secrets of a configuration and takes them out of whatever is about to be shown, also where somebody has changed their case, or
/// written them in base64 or percent-encoded.
class Secrets {
 public:
  /// Lines of a text of several are secrets each. Values of fewer than four bytes are found only where they stand as in an address or
  /// setting, behind `:` or `=`, whole: elsewhere, taking them out would mutilate any text, and protect nothing.
  void add(const std::string& value);
  void add_all(const std::vector<std::string>& values);
  std::string scrub(std::string text) const;

 private:
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  void add_forms(std::string_view value);
  using Forms = std::set<std::string, LongestFirst>;

  Forms forms_;  ///< in lower case
  Forms short_;
};

}  // namespace weir
