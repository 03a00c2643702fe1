#include "yaml_file.hpp"

#include <set>
#include <sstream>

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include "bounded_file.hpp"

namespace weir {

namespace {

/// Ends the parse: what follows would not be understood, or would cost too much.
struct Unreadable {
  std::string problem;
};

/// Works on the parser's events instead of a tree, so that depth and aliases are bounded before anything is built.
class Collector : public YAML::EventHandler {
 public:
  Collector(YamlFile& file, const std::string& name) : file_(file), name_(name) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw Unreadable{at(mark, "a second document begins; one is all that is read")};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    if (levels_.empty()) return;  // an empty file
    if (levels_.back().expects_key) throw Unreadable{at(mark, "a key is missing")};
    complain(mark, fmt::format("'{}' has no value", path()));
    value_done();
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Unreadable{at(mark, "an alias (*name); write the value out")};
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    throw Unreadable{at(mark, levels_.empty()
                                  ? "a list where keys with values are expected"
                                  : fmt::format("'{}' is a list; one value is expected", path()))};
  }
  void OnSequenceEnd() override {}
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    if (levels_.empty())
      throw Unreadable{at(mark, "text where keys with values are expected, as in 'parallelism: 4'")};
    Level& level = levels_.back();
    if (level.expects_key) {
      level.key = value;
      level.expects_key = false;
      if (!level.seen.insert(value).second) complain(mark, fmt::format("'{}' is given twice", path()));
      return;
    }
    file_.entries.push_back({components(), value, mark.line + 1, mark.column + 1});
    value_done();
  }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    if (!levels_.empty() && levels_.back().expects_key)
      throw Unreadable{at(mark, "a map where a key is expected")};
    if (levels_.size() == kYamlDepthMax)
      throw Unreadable{at(mark, fmt::format("maps are nested deeper than {}", kYamlDepthMax))};
    levels_.emplace_back();
  }
  void OnMapEnd() override {
    levels_.pop_back();
    value_done();
  }

 private:
  struct Level {
    bool expects_key = true;
    std::string key;
    std::set<std::string> seen;
  };

  void value_done() {
    if (!levels_.empty()) levels_.back().expects_key = true;
  }
  std::vector<std::string> components() const {
    std::vector<std::string> result;
    for (const Level& level : levels_) result.push_back(level.key);
    return result;
  }
  std::string path() const {
    std::string joined;
    for (const Level& level : levels_) joined += (joined.empty() ? "" : ".") + level.key;
    return joined;
  }
  std::string at(const YAML::Mark& mark, const std::string& what) const {
    return fmt::format("{}:{}:{}: {}", name_, mark.line + 1, mark.column + 1, what);
  }
  void complain(const YAML::Mark& mark, const std::string& what) { file_.problems.push_back(at(mark, what)); }

  YamlFile& file_;
  const std::string& name_;
  std::vector<Level> levels_;
  int documents_ = 0;
};

}  // namespace

YamlFile parse_yaml(const std::string& text, const std::string& file_name) {
  YamlFile file;
  try {
    // Without its last line breaks: yaml-cpp 0.7 takes a line break for the closing quote that is missing at the end.
    std::istringstream stream(text.substr(0, text.find_last_not_of(" \r\n") + 1));
    YAML::Parser parser(stream);
    Collector collector(file, file_name);
    while (parser.HandleNextDocument(collector)) {
    }
  } catch (const Unreadable& e) {
    file.problems.push_back(e.problem);
  } catch (const YAML::Exception& e) {
    file.problems.push_back(
        fmt::format("{}:{}:{}: not valid YAML: {}", file_name, e.mark.line + 1, e.mark.column + 1, e.msg));
  }
  return file;
}

YamlFile read_yaml(const std::string& path, const std::string& file_name) {
  const BoundedFile source = read_bounded_file(path, kYamlBytesMax);
  if (source.problem.empty()) return parse_yaml(source.content, file_name);
  return {{}, {fmt::format("{}: the configuration file {}", file_name, source.problem)}};
}

}  // namespace weir
