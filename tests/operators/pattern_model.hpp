#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <weir/operators/pattern_plan.hpp>

namespace weir::pattern_model {

struct Letter {
  std::int64_t time;
  std::int32_t letter;  ///< 0 to 3
  std::int32_t id;
};

/// An element, with conditions on letters.
struct Element {
  PatternElement shape;
  std::uint32_t letters;  ///< that fit, as bits
  std::uint32_t until = 0;
  bool rising = false;  ///< and the letter must not be smaller than the one before
};

struct Spec {
  std::vector<Element> elements;
  std::optional<std::int64_t> within;
  SkipStrategy skip;
};

/// Pattern matching by definition: all ways to choose rows are listed, and those that break a rule left out. Everything looks at the whole
/// input; nothing is carried on from row to row but what skipping has ended.
class Model {
 public:
  struct Out {
    std::vector<std::string> matches, timed_out;
  };

  /// `rows` in order.
  Model(const Spec& spec, std::vector<Letter> rows) : spec_(spec), rows_(std::move(rows)) {}

  Out run() {
    for (int r = 0; r < size(); ++r)
      for (const Option& option : options({}))
        if (takes({}, option, r)) list({{{r, option.target}}, 1});
    std::set<std::int64_t> deadlines;
    if (spec_.within)
      for (const Letter& row : rows_) deadlines.insert(row.time + *spec_.within);
    for (int n = 0; n < size(); ++n) {
      while (!deadlines.empty() && *deadlines.begin() <= rows_[n].time) pass(deadlines, n - 1);
      for (const Path& path : paths_)
        if (path.last() == n && !dead_.count(path.start()) && ends_now(path)) complete(path, 2 * n);
      emit(n, rows_[n].time);
    }
    while (!deadlines.empty()) pass(deadlines, size() - 1);
    ended_ = true;
    emit(size() - 1, kEnd);
    return out_;
  }

  static constexpr std::int64_t kEnd = std::numeric_limits<std::int64_t>::max();

 private:
  struct Step {
    int row;
    int element;
    friend bool operator<(const Step& a, const Step& b) {
      return a.row != b.row ? a.row < b.row : a.element < b.element;
    }
  };
  struct Path {
    std::vector<Step> steps;
    std::uint32_t count = 0;  ///< of the last element
    int last() const { return steps.back().row; }
    int start() const { return steps.front().row; }
  };
  struct Option {
    int target;
    Contiguity link;
    int guard;
    std::vector<Option> before;  ///< greedy ones that come first
    bool loop = false;
  };
  struct Waiting {
    Path path;
    int completed;
  };

  int size() const { return static_cast<int>(rows_.size()); }
  const PatternElement& shape(int e) const { return spec_.elements[static_cast<std::size_t>(e)].shape; }
  int elements() const { return static_cast<int>(spec_.elements.size()); }
  bool fits(int e, int r, const Path& path) const {
    const Element& element = spec_.elements[static_cast<std::size_t>(e)];
    if (!(element.letters >> rows_[r].letter & 1)) return false;
    return !element.rising || path.steps.empty() || rows_[path.last()].letter <= rows_[r].letter;
  }

  std::vector<Option> options(const Path& path) const {
    std::vector<Option> all, greedy;
    int next = 0;
    if (!path.steps.empty()) {
      const int e = path.steps.back().element;
      if (path.count < shape(e).max) {
        all.push_back({e, shape(e).inner, -1, {}, true});
        if (shape(e).greedy) greedy.push_back(all.back());
      }
      if (path.count < shape(e).min) return all;
      next = e + 1;
    }
    for (int guard = -1; next < elements(); ++next) {
      if (shape(next).negative) {
        guard = next;
        continue;
      }
      all.push_back({next, shape(next).link, guard, greedy});
      if (!shape(next).optional) break;
      if (shape(next).greedy) greedy.push_back(all.back());
    }
    return all;
  }
  /// Whether all elements behind the last one of the path may be left out; the last may forbid rows.
  bool at_end(const Path& path) const {
    const int e = path.steps.back().element;
    if (path.count < shape(e).min) return false;
    for (int next = e + 1; next < elements(); ++next)
      if (!shape(next).optional && !shape(next).negative) return false;
    return true;
  }
  bool ends_now(const Path& path) const { return at_end(path) && !shape(elements() - 1).negative; }

  bool forbidden(const Path& path, const Option& option, int r) const {
    const bool first = path.steps.empty() || r == path.last() + 1;
    if (option.guard >= 0 && (first || shape(option.guard).link != Contiguity::kStrict) &&
        fits(option.guard, r, path))
      return true;
    return spec_.elements[static_cast<std::size_t>(option.target)].until >> rows_[r].letter & 1;
  }
  bool open(const Path& path, const Option& option, int n) const {
    if (path.steps.empty()) return true;
    for (int r = path.last() + 1; r <= n; ++r) {
      if (option.link == Contiguity::kStrict || forbidden(path, option, r)) return false;
      if (blocked(path, option, r)) return false;
      if (option.link == Contiguity::kRelaxed && takes(path, option, r)) return false;
    }
    return true;
  }
  bool could_take(const Path& path, const Option& option, int r) const {
    return fits(option.target, r, path) && !forbidden(path, option, r) && open(path, option, r - 1);
  }
  bool blocked(const Path& path, const Option& option, int r) const {
    return std::any_of(option.before.begin(), option.before.end(),
                       [&](const Option& greedy) { return could_take(path, greedy, r); });
  }
  bool takes(const Path& path, const Option& option, int r) const {
    return could_take(path, option, r) && !blocked(path, option, r);
  }
  /// For patterns that end with what must not come.
  bool end_open(const Path& path, int n) const {
    if (!at_end(path) || ends_now(path)) return false;
    for (int r = path.last() + 1; r <= n; ++r)
      if (fits(elements() - 1, r, path)) return false;
    return true;
  }
  bool alive(const Path& path, int n) const {
    if (end_open(path, n)) return true;
    const auto all = options(path);
    return std::any_of(all.begin(), all.end(), [&](const Option& o) { return open(path, o, n); });
  }

  void list(const Path& path) {
    paths_.push_back(path);
    for (int r = path.last() + 1; r < size(); ++r) {
      if (spec_.within && rows_[r].time >= rows_[path.start()].time + *spec_.within) break;
      for (const Option& option : options(path)) {
        if (!takes(path, option, r)) continue;
        Path longer = path;
        longer.steps.push_back({r, option.target});
        longer.count = option.loop ? path.count + 1 : 1;
        list(longer);
      }
    }
  }

  void pass(std::set<std::int64_t>& deadlines, int n) {
    const std::int64_t deadline = *deadlines.begin();
    deadlines.erase(deadlines.begin());
    for (const Path& path : paths_) {
      if (path.last() > n || dead_.count(path.start()) ||
          rows_[path.start()].time + *spec_.within != deadline)
        continue;
      if (end_open(path, n)) complete(path, 2 * n + 1);
      else if (alive(path, n) && !ends_now(path)) out_.timed_out.push_back(text(path, deadline - 1));
    }
    passed_ = deadline;
    emit(n, deadline - 1);
  }
  void complete(const Path& path, int completed) { waiting_.push_back({path, completed}); }

  void emit(int n, std::int64_t time) {
    std::sort(waiting_.begin(), waiting_.end(), [](const Waiting& a, const Waiting& b) {
      if (a.path.start() != b.path.start()) return a.path.start() < b.path.start();
      if (a.completed != b.completed) return a.completed < b.completed;
      return a.path.steps < b.path.steps;
    });
    while (!waiting_.empty()) {
      const Path path = waiting_.front().path;
      if (spec_.skip.kind != SkipStrategy::Kind::kNoSkip && !ended_)
        for (const Path& other : paths_)
          if (other.start() < path.start() && other.last() <= n && !dead_.count(other.start()) &&
              !(spec_.within && rows_[other.start()].time + *spec_.within <= passed_) && alive(other, n))
            return;
      waiting_.erase(waiting_.begin());
      out_.matches.push_back(text(path, time));
      skip(path);
    }
  }
  void skip(const Path& path) {
    int first_kept = 0;
    using Kind = SkipStrategy::Kind;
    if (spec_.skip.kind == Kind::kNoSkip) return;
    if (spec_.skip.kind == Kind::kToNext) dead_.insert(path.start());
    if (spec_.skip.kind == Kind::kPastLast) first_kept = path.last() + 1;
    if (spec_.skip.kind == Kind::kToFirst || spec_.skip.kind == Kind::kToLast) {
      std::vector<int> named;
      for (const Step& step : path.steps)
        if (shape(step.element).name == spec_.skip.element) named.push_back(step.row);
      if (!named.empty()) first_kept = spec_.skip.kind == Kind::kToFirst ? named.front() : named.back();
    }
    for (int r = 0; r < first_kept; ++r) dead_.insert(r);
    waiting_.erase(std::remove_if(waiting_.begin(), waiting_.end(),
                                  [&](const Waiting& w) { return dead_.count(w.path.start()) > 0; }),
                   waiting_.end());
  }

  std::string text(const Path& path, std::int64_t time) const {
    std::string text;
    for (const Step& step : path.steps)
      text += shape(step.element).name + std::to_string(rows_[step.row].id) + " ";
    return text + "at " + (time == kEnd ? "the end" : std::to_string(time));
  }

  const Spec& spec_;
  const std::vector<Letter> rows_;
  std::vector<Path> paths_;  ///< all that obey the rules, complete or not
  std::set<int> dead_;       ///< rows at which nothing begins any more
  std::vector<Waiting> waiting_;
  std::int64_t passed_ = std::numeric_limits<std::int64_t>::min();
  bool ended_ = false;
  Out out_;
};

}  // namespace weir::pattern_model
