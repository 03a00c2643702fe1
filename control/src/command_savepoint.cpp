#include <algorithm>
#include <filesystem>
#include <map>
#include <ostream>

#include <fmt/format.h>

#include <weir/checkpoint/location.hpp>
#include <weir/core/error.hpp>

#include "commands.hpp"
#include "quantity.hpp"
#include "saved_place.hpp"
#include "savepoint_write.hpp"
#include "scratch_directory.hpp"

namespace weir {

namespace fs = std::filesystem;

namespace {

class SavepointCommand {
 public:
  SavepointCommand(const StateQuestion& question, const Configuration& configuration,
                   const Terminal& terminal, const Program& program)
      : question_(question),
        configuration_(configuration),
        out_(terminal.out),
        err_(terminal.err),
        program_(program) {}

  int run() {
    const std::string action = question_.words.empty() ? "" : question_.words[0];
    if (action == "create") return create(argument(1));
    if (action == "write") return write_savepoint(argument(1), question_, configuration_, out_, program_);
    if (action == "list") return list(argument(1));
    if (action == "verify") return verify(argument(1));
    if (action == "inspect") return inspect(argument(1));
    if (action == "diff") return diff(argument(1), argument(2));
    if (action == "delete") return remove(argument(1));
    throw FailJob(
        fmt::format("savepoint: '{}' is not create, write, list, verify, inspect, diff or delete", action),
        ExitCode::kUsage);
  }

 private:
  const std::string& argument(std::size_t n) const {
    if (question_.words.size() <= n)
      throw FailJob(fmt::format("savepoint {}: a directory is missing", question_.words[0]),
                    ExitCode::kUsage);
    return question_.words[n];
  }

  int create(const std::string& directory) {
    if (is_taken(directory))
      throw FailJob(directory + " is there already; name another directory", ExitCode::kUsage);
    with_newest(configuration_, program_, place_of(configuration_, question_), [&](SavedPlace& from) {
      try {
        copy(from, directory);
      } catch (...) {
        weir::remove_all(directory);
        throw;
      }
      out_ << fmt::format("savepoint of epoch {} in {}\n", from.epoch(), directory);
    });
    return static_cast<int>(ExitCode::kDone);
  }

  /// Files are linked where both lie on one file system.
  void copy(SavedPlace& from, const std::string& directory) {
    JobOptions options = configuration_.job;
    options.checkpoint_dir = directory;
    const auto to = program_.store(options);
    to->claim();
    // Beside the savepoint, so that files can be linked from it.
    const ScratchDirectory elsewhere("savepoint");
    const fs::path staging =
        is_remote(directory) ? fs::path(elsewhere.path()) : fs::path(directory) / "staging";
    Manifest manifest = from.manifest();
    for (StateShard& shard : manifest.shards) {
      for (StoredFile& file : shard.files) {
        SnapshotFile staged = from.store().get(file, staging);
        staged.immutable = true;
        file = to->put(staged);
        std::error_code ignored;
        fs::remove(staged.path, ignored);
      }
    }
    fs::remove_all(staging);
    to->publish(from.epoch(), encode(manifest));
    to->note_committed(from.epoch());
  }

  int list(const std::string& directory) {
    if (is_remote(directory))
      throw FailJob("savepoint list looks into directories; of an S3 store, savepoint inspect shows one",
                    ExitCode::kUsage);
    std::error_code error;
    std::map<std::string, std::string> lines;
    if (may_hold_checkpoints(directory)) lines[directory] = line_of(directory);
    else
      for (fs::directory_iterator each(directory, error), end; !error && each != end; each.increment(error))
        if (may_hold_checkpoints(each->path())) lines[each->path()] = line_of(each->path());
    if (error)
      throw FailJob(fmt::format("savepoint list: {} cannot be listed: {}", directory, error.message()),
                    ExitCode::kUsage);
    for (const auto& [path, line] : lines) out_ << path << "  " << line << '\n';
    if (lines.empty()) err_ << fmt::format("no savepoint in {}, nor is it one\n", directory);
    return static_cast<int>(ExitCode::kDone);
  }

  std::string line_of(const std::string& directory) {
    try {
      SavedPlace place(configuration_, program_, directory);
      const Manifest manifest = place.manifest();
      return fmt::format("job {}, epoch {}, {} bytes", manifest.job, manifest.epoch,
                         with_thousands(bytes_of(manifest)));
    } catch (const FailJob& e) {
      return e.what();
    }
  }

  static std::uint64_t bytes_of(const Manifest& manifest) {
    std::uint64_t bytes = 0;
    for (const StateShard& shard : manifest.shards)
      for (const StoredFile& file : shard.files) bytes += file.bytes;
    return bytes;
  }

  /// Reads every byte, and decodes every entry.
  int verify(const std::string& directory) {
    with_newest(configuration_, program_, directory, [&](SavedPlace& place) {
      const OpenedState opened(configuration_, program_, place);
      std::uint64_t entries = 0;
      opened.state().for_each({}, [&](const SavedEntry&) {
        ++entries;
        return true;
      });
      out_ << fmt::format("{}: epoch {}, {} entries, every file as written\n", directory, place.epoch(),
                          with_thousands(entries));
    });
    return static_cast<int>(ExitCode::kDone);
  }

  int inspect(const std::string& directory) {
    SavedPlace place(configuration_, program_, directory);
    const Manifest manifest = place.manifest();
    out_ << fmt::format("job {}, instance {}, epoch {}, parallelism {} of at most {}, {} bytes of state{}\n",
                        manifest.job, manifest.instance, manifest.epoch, manifest.parallelism,
                        manifest.max_parallelism, with_thousands(bytes_of(manifest)),
                        manifest.final ? ", taken at the end of all input" : "");
    for (const PartitionProgress& progress : manifest.sources)
      out_ << fmt::format("source {} {}: position {}{}\n", progress.source, progress.partition,
                          progress.end.offset, progress.ended ? ", ended" : "");
    for (const StateSchemaEntry& entry : manifest.schemas)
      out_ << fmt::format("state {}/{}: {} -> {}\n", entry.operator_name, entry.state.name,
                          entry.state.key_type, entry.state.value_type);
    for (const StateChange& change : compare_states(manifest.schemas, configuration_.graph))
      if (change.kind != StateChange::Kind::kSame) out_ << "in this program: " << describe(change) << '\n';
    return static_cast<int>(ExitCode::kDone);
  }

  /// Lines of B alone begin with +, of A alone with -; the same key with two values is both.
  int diff(const std::string& a, const std::string& b) {
    SavedPlace place_a(configuration_, program_, a), place_b(configuration_, program_, b);
    const OpenedState in_a(configuration_, program_, place_a), in_b(configuration_, program_, place_b);
    if (in_a.state().manifest().max_parallelism != in_b.state().manifest().max_parallelism)
      throw FailJob("the two have different numbers of key groups, and cannot be compared", ExitCode::kUsage);
    const SavedStateFilter filter = filter_of(question_);
    for (std::uint32_t group = 0; group < in_a.state().manifest().max_parallelism; ++group) {
      std::map<std::string, int> lines;  // -1: in A alone, 1: in B alone, 0: in both
      const auto collect = [&](const SavedState& state, int sign) {
        state.for_each_in(static_cast<KeyGroup>(group), filter, [&](const SavedEntry& entry) {
          lines[json_line(entry)] += sign;
          return true;
        });
      };
      collect(in_a.state(), -1);
      collect(in_b.state(), 1);
      for (const auto& [line, sign] : lines)
        if (sign != 0) out_ << (sign < 0 ? "- " : "+ ") << line << '\n';
    }
    return static_cast<int>(ExitCode::kDone);
  }

  int remove(const std::string& directory) {
    SavedPlace place(configuration_, program_, directory);
    std::error_code not_there;
    const std::string& own = configuration_.job.checkpoint_dir;
    if (directory == own || fs::equivalent(directory, own, not_there))
      throw FailJob(directory + " holds this job's own checkpoints, not a savepoint", ExitCode::kUsage);
    weir::remove_all(directory);
    return static_cast<int>(ExitCode::kDone);
  }

  const StateQuestion& question_;
  const Configuration& configuration_;
  std::ostream& out_;
  std::ostream& err_;
  const Program& program_;
};

}  // namespace

int command_savepoint(const StateQuestion& question, const Configuration& configuration,
                      const Terminal& terminal, const Program& program) {
  return SavepointCommand(question, configuration, terminal, program).run();
}

}  // namespace weir
