#include "saved_place.hpp"

#include <optional>

#include <fmt/format.h>

#include <weir/checkpoint/location.hpp>
#include <weir/core/error.hpp>

namespace weir {

namespace {

constexpr int kMostCheckpoints = 50;

std::unique_ptr<CheckpointStore> open_store(const Configuration& configuration, const Program& program,
                                            const std::string& directory) {
  if (!may_hold_checkpoints(directory))
    throw FailJob(fmt::format("there is no checkpoint in {}", directory), ExitCode::kUsage);
  JobOptions options = configuration.job;
  options.checkpoint_dir = directory;
  return program.store(options);
}

}  // namespace

SavedPlace::SavedPlace(const Configuration& configuration, const Program& program,
                       const std::string& directory)
    : directory_(directory), store_(open_store(configuration, program, directory)) {
  const std::vector<Epoch> epochs = store_->epochs();
  if (epochs.empty()) throw FailJob(fmt::format("there is no checkpoint in {}", directory), ExitCode::kUsage);
  epoch_ = store_->last_committed();
  if (epoch_ == kNoEpoch)
    throw FailJob(fmt::format("no checkpoint in {} is known to be committed", directory),
                  ExitCode::kStateUnusable);
}

Manifest SavedPlace::manifest() { return decode_manifest(store_->load(epoch_), store_->describe(epoch_)); }

OpenedState::OpenedState(const Configuration& configuration, const Program& program, SavedPlace& place) {
  JobOptions options = configuration.job;
  options.state_dir = scratch_.path();
  backend_ = program.backend(options);
  state_ = std::make_unique<SavedState>(place.store(), place.epoch(), *backend_);
}

void with_newest(const Configuration& configuration, const Program& program, const std::string& directory,
                 const std::function<void(SavedPlace&)>& action) {
  // Each failure is answered by a checkpoint that is newer, so that this ends when the place is quiet, or by chance long before.
  for (int attempt = 1;; ++attempt) {
    std::optional<SavedPlace> place;
    const auto overtaken = [&] {
      return attempt < kMostCheckpoints && (!place || place->store().last_committed() != place->epoch());
    };
    try {
      return action(place.emplace(configuration, program, directory));
    } catch (const FailJob& failure) {
      if (failure.code() != ExitCode::kStateUnusable || !overtaken()) throw;
    } catch (const RestartJob&) {  // a file went between two looks at it
      if (!overtaken()) throw;
    }
  }
}

std::string place_of(const Configuration& configuration, const StateQuestion& question) {
  return question.at.empty() ? configuration.job.checkpoint_dir : question.at;
}

SavedStateFilter filter_of(const StateQuestion& question) {
  SavedStateFilter filter;
  const std::size_t slash = question.of.find('/');
  filter.operator_name = question.of.substr(0, slash);
  if (slash != std::string::npos) filter.state_name = question.of.substr(slash + 1);
  if (!question.key.empty()) filter.key = question.key;
  filter.key_prefix = question.prefix;
  return filter;
}

std::string json_line(const SavedEntry& entry) {
  std::string line = R"({"operator":)";
  append_json_text(line, entry.state->operator_name);
  line += R"(,"state":)";
  append_json_text(line, entry.state->state.name);
  if (entry.pane_end) line += fmt::format(R"(,"pane_end":{})", entry.pane_end->millis);
  line += R"(,"key":)" + entry.key;
  if (!entry.map_key.empty()) line += R"(,"map_key":)" + entry.map_key;
  return line + R"(,"value":)" + entry.value + "}";
}

}  // namespace weir
