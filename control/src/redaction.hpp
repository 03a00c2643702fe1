#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

inline constexpr const char* kHidden = "***";

/// A connector's address with the values of secret parameters and the password before an `@` as ***. Works on any text, well
/// formed or not; what it hides is appended to `hidden`, encoded and decoded.
std::string redacted_address(std::string_view text, std::vector<std::string>* hidden = nullptr);

/// Knows the secrets of a configuration and takes them out of whatever is about to be shown.
class Secrets {
 public:
  /// Values of fewer than four bytes are not remembered: taking them out would mutilate any text, and protect nothing.
  void add(const std::string& value);
  void add_all(const std::vector<std::string>& values);
  std::string scrub(std::string text) const;

 private:
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  std::set<std::string, LongestFirst> values_;
};

}  // namespace weir
