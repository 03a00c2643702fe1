#include <weir/operators/window_progress.hpp>

#include <algorithm>

#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/state/codec.hpp>

namespace weir {

std::string WindowProgress::encode(const std::string& directory) const {
  std::vector<Part> parts = ahead_;
  if (parts.empty()) {
    parts.push_back({groups_, watermark_, round});
  } else {
    for (std::uint32_t group = groups_.first; group < groups_.end; ++group) {
      const bool ahead = std::any_of(ahead_.begin(), ahead_.end(), [&](const Part& part) {
        return part.groups.contains(static_cast<KeyGroup>(group));
      });
      if (ahead) continue;
      if (!parts.empty() && parts.back().groups.end == group && parts.back().watermark == watermark_)
        ++parts.back().groups.end;
      else parts.push_back({{group, group + 1}, watermark_, round});
    }
  }
  std::string bytes;
  StateCodec<std::string>::encode(bytes, geometry_);
  detail::append_number(bytes, static_cast<std::uint32_t>(parts.size()));
  for (const Part& part : parts) {
    detail::append_number(bytes, part.groups.first);
    detail::append_number(bytes, part.groups.end);
    detail::append_number(bytes, part.watermark.millis);
    detail::append_number(bytes, round);
  }
  detail::append_number(bytes, sequence);
  detail::append_number(bytes, due.millis);
  return bytes + directory;
}

std::vector<std::string> WindowProgress::restore(const std::vector<std::string>& encoded, EventTime end) {
  std::vector<std::string> directories;
  std::vector<Part> mine;
  for (const std::string& bytes : encoded) {
    StateReader in(bytes);
    if (const auto written_for = StateCodec<std::string>::decode(in); written_for != geometry_)
      throw FailJob(
          fmt::format("the checkpoint's windows are another kind ('{}') than the pipeline's ('{}'); "
                      "go back to those, or give the aggregate a new name to begin with empty windows",
                      written_for, geometry_),
          ExitCode::kStateUnusable);
    bool concerns = false;
    const auto parts = in.number<std::uint32_t>();
    for (std::uint32_t i = 0; i < parts; ++i) {
      Part part{};
      part.groups.first = std::max(in.number<std::uint32_t>(), groups_.first);
      part.groups.end = std::min(in.number<std::uint32_t>(), groups_.end);
      part.watermark.millis = in.number<std::int64_t>();
      part.round = in.number<std::uint32_t>();
      if (part.groups.first >= part.groups.end) continue;
      // Older versions wrote the end of time where the inputs had ended. How far time had come is not known then.
      if (is_end_of_input(part.watermark)) part.watermark = EventTime::min();
      mine.push_back(part);
      concerns = true;
    }
    const auto its_sequence = in.number<std::uint64_t>();
    const EventTime its_due{in.number<std::int64_t>()};
    if (!concerns) continue;
    sequence = std::max(sequence, its_sequence);
    due = std::min(due, its_due);
    directories.emplace_back(std::string(in.rest()));
  }
  if (!mine.empty()) take_over(mine);
  // Everywhere all had fired: no worker is ahead of another.
  watermark_ = std::max(watermark_, end);
  settle();
  return directories;
}

void WindowProgress::take_over(const std::vector<Part>& parts) {
  watermark_ = EventTime::max();
  round = 0;
  for (const Part& part : parts) {
    watermark_ = std::min(watermark_, part.watermark);
    round = std::max(round, part.round);
  }
  for (const Part& part : parts)
    if (part.watermark > watermark_) ahead_.push_back(part);
  if (std::any_of(parts.begin(), parts.end(), [&](const Part& part) { return part.round != round; })) {
    rounds_ = parts;
    ++round;
  }
}

void WindowProgress::settle() {
  if (ahead_.empty()) return;
  std::erase_if(ahead_, [&](const Part& part) { return part.watermark <= watermark_; });
}

EventTime WindowProgress::ahead_of(std::uint64_t hash) const {
  if (ahead_.empty()) return EventTime::min();
  const KeyGroup group = key_group_of(hash, max_parallelism_);
  for (const Part& part : ahead_)
    if (part.groups.contains(group)) return part.watermark;
  return EventTime::min();
}

std::uint32_t WindowProgress::restored_round_of(std::uint64_t hash) const {
  const KeyGroup group = key_group_of(hash, max_parallelism_);
  for (const Part& part : rounds_)
    if (part.groups.contains(group)) return part.round;
  return 0;
}

}  // namespace weir
