#include <weir/operators/pattern_plan.hpp>

#include <set>
#include <utility>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

namespace {

[[noreturn]] void refuse(const std::string& why) { throw FailJob("pattern: " + why, ExitCode::kUsage); }

const char* name_of(Contiguity contiguity) {
  switch (contiguity) {
    case Contiguity::kStrict:
      return "strict";
    case Contiguity::kRelaxed:
      return "relaxed";
    case Contiguity::kAny:
      return "any";
  }
  return "";
}

void check_quantifier(const PatternElement& element) {
  const bool loops = element.max > 1;
  if (element.negative && (loops || element.optional || element.greedy || element.has_until))
    refuse(fmt::format("'{}' says what must not come: it cannot be repeated or optional", element.name));
  if (element.min < 1 || element.max < element.min)
    refuse(fmt::format("'{}': times() takes a least number of 1 and up and a greatest that is not smaller",
                       element.name));
  if (element.greedy && !loops && !element.optional)
    refuse(fmt::format("'{}': greedy() is for elements that are repeated or optional", element.name));
  if (element.has_until && !loops)
    refuse(fmt::format("'{}': until() ends an element that is repeated", element.name));
}

bool names_element(SkipStrategy::Kind kind) {
  return kind == SkipStrategy::Kind::kToFirst || kind == SkipStrategy::Kind::kToLast;
}

}  // namespace

PatternPlan::PatternPlan(std::vector<PatternElement> elements, std::optional<Duration> within,
                         SkipStrategy skip)
    : elements_(std::move(elements)), within_(within), skip_(std::move(skip)) {
  check();
  options_.resize(elements_.size());
  can_end_.resize(elements_.size());
  if (elements_.back().negative) last_guard_ = static_cast<std::uint32_t>(elements_.size() - 1);
  for (std::uint32_t i = 0; i < elements_.size(); ++i) {
    if (elements_[i].negative) continue;
    const bool loops = elements_[i].max > 1;
    if (loops) options_[i].push_back({i, elements_[i].inner, {}, 0, true});
    can_end_[i] = follow(i + 1, options_[i], loops && elements_[i].greedy ? 1 : 0);
  }
  follow(0, starts_, 0);
}

void PatternPlan::check() const {
  if (elements_.empty()) refuse("it has no element");
  std::set<std::string> names;
  for (std::size_t i = 0; i < elements_.size(); ++i) {
    const PatternElement& element = elements_[i];
    if (element.name.empty() || !names.insert(element.name).second)
      refuse(fmt::format("elements have names, all different; '{}' is there twice", element.name));
    check_quantifier(element);
    if (!element.negative) continue;
    if (i == 0) refuse(fmt::format("it cannot begin with what must not come, '{}'", element.name));
    if (elements_[i - 1].negative)
      refuse(fmt::format("'{}' follows another element that must not come; say both in one condition",
                         element.name));
    if (elements_[i - 1].optional)
      refuse(fmt::format("'{}' must not come after an element that is optional", element.name));
  }
  if (elements_.size() >= kOptionsMost) refuse(fmt::format("at most {} elements", kOptionsMost - 1));
  if (within_ && within_->count() < 1) refuse("within() takes 1 ms and up");
  if (elements_.back().negative) {
    if (elements_.back().link == Contiguity::kStrict)
      refuse(fmt::format("it cannot end with not_next(\"{}\"): say not_followed_by(), and within()",
                         elements_.back().name));
    if (!within_)
      refuse(
          fmt::format("it ends with not_followed_by(\"{}\"): say within(), or no match would ever be "
                      "certain",
                      elements_.back().name));
  }
  if (!names_element(skip_.kind)) return;
  std::size_t found = 0;
  while (found < elements_.size() && (elements_[found].name != skip_.element || elements_[found].negative))
    ++found;
  if (found == elements_.size()) refuse(fmt::format("there is no element '{}' to skip to", skip_.element));
  if (found == 0 && skip_.kind == SkipStrategy::Kind::kToFirst)
    refuse(fmt::format("to skip to '{}', with which it begins, would be to stay", skip_.element));
}

bool PatternPlan::follow(std::size_t next, std::vector<Option>& options, std::uint32_t blockers) const {
  std::optional<std::uint32_t> guard;
  for (; next < elements_.size(); ++next) {
    const PatternElement& element = elements_[next];
    const auto target = static_cast<std::uint32_t>(next);
    if (element.negative) {
      guard = target;
      continue;
    }
    options.push_back({target, element.link, guard, blockers, false});
    if (!element.optional) return false;
    if (element.greedy) blockers |= 1u << (options.size() - 1);
  }
  return true;
}

std::uint32_t PatternPlan::open_options(std::uint32_t i, std::uint32_t count) const {
  std::uint32_t open = 0;
  const std::vector<Option>& all = options_[i];
  for (std::size_t o = 0; o < all.size(); ++o)
    if (all[o].loop ? count < elements_[i].max : count >= elements_[i].min) open |= 1u << o;
  if (last_guard_ && may_end(i, count)) open |= kEnd;
  return open;
}

std::string PatternPlan::description() const {
  std::string text;
  for (const PatternElement& e : elements_) {
    text += fmt::format("{}{} {}", text.empty() ? "" : " ", e.negative ? "not" : name_of(e.link), e.name);
    if (e.negative && e.link == Contiguity::kStrict) text += " next";
    if (e.max > 1)
      text += fmt::format(" {}..{} {}", e.min,
                          e.max == PatternElement::kUnbounded ? "" : std::to_string(e.max), name_of(e.inner));
    if (e.optional) text += " optional";
    if (e.greedy) text += " greedy";
    if (e.has_until) text += " until";
    text += ";";
  }
  if (within_) text += fmt::format(" within {} ms", within_->count());
  return text;
}

}  // namespace weir
