#pragma once

#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>

namespace weir {

/// Prometheus' text format read strictly, by the words of its specification and without the library that wrote it.
/// Throws std::runtime_error with the offending line.
struct Exposition {
  std::map<std::string, std::string> types;  ///< by family
  std::map<std::string, std::string> helps;
  std::map<std::string, double> values;  ///< by name and labels, as written

  explicit Exposition(const std::string& text) {
    if (!text.empty() && text.back() != '\n') throw std::runtime_error("the last line does not end");
    std::istringstream lines(text);
    std::set<std::string> closed;
    std::string current;
    for (std::string line; std::getline(lines, line);) {
      std::smatch match;
      if (std::regex_match(line, match,
                           std::regex(R"(# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) ((?:[^\\]|\\\\|\\n)*))"))) {
        if (!helps.emplace(match[1], match[2]).second) throw std::runtime_error("second HELP: " + line);
      } else if (std::regex_match(line, match,
                                  std::regex(R"(# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge))"))) {
        if (!types.emplace(match[1], match[2]).second) throw std::runtime_error("second TYPE: " + line);
        if (!closed.insert(match[1]).second) throw std::runtime_error("family torn apart: " + line);
        current = match[1];
      } else {
        take_sample(line, current);
      }
    }
  }

 private:
  void take_sample(const std::string& line, const std::string& current) {
    static const std::regex form(
        R"re(([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*",?)*\})? (NaN|[+-]Inf|[-+0-9.eE]+))re");
    std::smatch match;
    if (!std::regex_match(line, match, form)) throw std::runtime_error("not a sample: " + line);
    if (match[1] != current) throw std::runtime_error("a sample outside its family: " + line);
    const std::string value = match[3];
    const double number = value == "NaN"    ? NAN
                          : value == "+Inf" ? INFINITY
                          : value == "-Inf" ? -INFINITY
                                            : std::stod(value);
    if (!values.emplace(match[1].str() + match[2].str(), number).second)
      throw std::runtime_error("a sample twice: " + line);
  }
};

}  // namespace weir
