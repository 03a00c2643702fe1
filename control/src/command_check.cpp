#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <optional>
#include <ostream>

#include <fmt/format.h>

#include <weir/checkpoint/location.hpp>
#include <weir/runtime/restore_preview.hpp>

#include "address_text.hpp"
#include "commands.hpp"
#include "quantity.hpp"
#include "scratch_directory.hpp"

namespace weir {

namespace {

/// Why a directory could not be made or written; empty: it could. Looks, and leaves no trace.
std::string why_not_writable(const std::string& directory) {
  std::error_code error;
  std::filesystem::path place = std::filesystem::absolute(directory, error);
  while (!std::filesystem::exists(place, error) && place.has_parent_path() && place != place.parent_path())
    place = place.parent_path();
  if (!std::filesystem::is_directory(place, error))
    return fmt::format("{} is not a directory", place.string());
  if (access(place.c_str(), W_OK | X_OK) != 0)
    return fmt::format("{}: {}", place.string(), std::strerror(errno));
  return "";
}

/// Opens what a graph is bound to, one after the other, collecting what goes wrong.
class Check {
 public:
  Check(const Configuration& configuration, const Program& program)
      : configuration_(configuration),
        program_(program),
        environment_(program.environment()),
        connectors_(program.connectors()) {}

  void run() {
    for (const Vertex& vertex : configuration_.graph.vertices)
      if (const auto* sink = std::get_if<SinkVertex>(&vertex.what))
        check_sink(vertex.name, address_of(configuration_.job.sinks, vertex.name, sink->default_uri),
                   sink->schema);
    ask_log();
    read_checkpoint();
    for (const Vertex& vertex : configuration_.graph.vertices)
      if (const auto* source = std::get_if<SourceVertex>(&vertex.what)) check_source(vertex.name, *source);
    check_restore();
    check_directory("--state-dir", configuration_.job.state_dir);
    check_checkpoint_place(configuration_.job.checkpoint_dir);
  }

  const Problems& problems() const { return problems_; }
  const std::vector<std::string>& passed() const { return passed_; }
  ExitCode code() const { return code_; }

 private:
  static std::string address_of(const std::map<std::string, std::string>& bound, const std::string& name,
                                const std::string& fallback) {
    const auto found = bound.find(name);
    return found == bound.end() ? fallback : found->second;
  }

  void check_source(const std::string& name, const SourceVertex& source) {
    std::string address = address_of(configuration_.job.sources, name, source.default_uri);
    take_parameter(address, "rate");  // the runtime's, which slows every kind of source down
    attempt("source", name, address, [&](const ConnectorUri& uri) {
      if (uri.scheme == "generator") {
        if (!source.generator) throw FailJob("the pipeline brings no generator for it", ExitCode::kUsage);
        return std::string("made by the pipeline");
      }
      SourceOptions options;
      options.start = configuration_.job.from == StartFrom::kLatest ? StartAt::kLatest : StartAt::kEarliest;
      options.bounded = configuration_.job.until_latest;
      const auto opened = connectors_->source(uri, context(name, uri, source.schema), options);
      const std::size_t partitions = opened->partitions().size();
      if (preview_) opened->check_restored(preview_->partitions_of(name));
      return fmt::format("{} partition{}", partitions, partitions == 1 ? "" : "s");
    });
    if (const auto found = configuration_.job.sinks.find(name + ".dead_letter");
        found != configuration_.job.sinks.end())
      check_sink(found->first, found->second, &row_schema<DeadLetter>());
  }

  void check_sink(const std::string& name, const std::string& address, const RowSchema* schema) {
    attempt("sink", name, address, [&](const ConnectorUri& uri) {
      sinks_.push_back(connectors_->sink(uri, context(name, uri, schema)));
      return std::string();
    });
  }

  template <class Open>
  void attempt(const char* kind, const std::string& name, const std::string& address, Open open) {
    ConnectorUri uri;
    try {
      uri = ConnectorUri::parse(address);
    } catch (const FailJob&) {
      return;  // among the problems of the configuration already
    }
    try {
      const std::string remark = open(uri);
      passed_.push_back(
          fmt::format("{} {}: {}{}", kind, name, uri.redacted(), remark.empty() ? "" : ", " + remark));
    } catch (const FailJob& e) {
      fail(fmt::format("{} {}: {}", kind, name, e.what()), e.code());
    } catch (const std::exception& e) {
      fail(fmt::format("{} {}: {}", kind, name, e.what()), ExitCode::kCannotConnect);
    }
  }

  /// The control topic knows what is committed, and whose the job's name is.
  void ask_log() {
    CommitLog* log = nullptr;
    for (const auto& sink : sinks_)
      if (CommitLog* own = sink->commit_log()) log = own;
    if (!log) return;
    try {
      if (const std::optional<std::string> bytes = log->look()) log_.record = decode_commit_record(*bytes);
      log_.has_log = true;
      if (!log_.record || log_.record->epoch == kNoEpoch)
        return passed_.push_back("commit records: nothing is committed yet");
      passed_.push_back(fmt::format("commit records: epoch {} of job {}, instance {}", log_.record->epoch,
                                    log_.record->job, log_.record->instance));
    } catch (const FailJob& e) {
      fail(fmt::format("commit records: {}", e.what()), e.code());
    } catch (const std::exception& e) {
      fail(fmt::format("commit records: {}", e.what()), ExitCode::kCannotConnect);
    }
  }

  void read_checkpoint() {
    const ScratchDirectory scratch("check");
    try {
      preview_ =
          preview_restore(configuration_.graph, configuration_.job, program_.store, scratch.path(), log_);
    } catch (...) {
      unreadable_ = std::current_exception();
    }
  }

  void check_restore() {
    try {
      if (unreadable_) std::rethrow_exception(unreadable_);
      const auto& preview = preview_;
      if (!preview) return passed_.push_back("nothing to restore: all state begins empty");
      passed_.push_back(fmt::format("restore from {} {}: epoch {} of job {}, {} files as written, {} bytes",
                                    preview->savepoint ? "savepoint" : "checkpoint", preview->place,
                                    preview->manifest.epoch, preview->manifest.job,
                                    with_thousands(preview->files), with_thousands(preview->bytes)));
      for (const StateOutcome& outcome : preview->plan.states)
        if (!outcome.refused) passed_.push_back(outcome.line);
      for (const std::string& line : preview->plan.left_behind) passed_.push_back(line);
      for (const std::string& refusal : preview->plan.refusals)
        fail("cannot be restored: " + refusal, ExitCode::kStateUnusable);
    } catch (const FailJob& e) {
      fail(fmt::format("cannot be restored: {}", e.what()), e.code());
    } catch (const std::exception& e) {
      fail(fmt::format("cannot be restored: {}", e.what()), ExitCode::kStateUnusable);
    }
  }

  void check_checkpoint_place(const std::string& place) {
    if (!is_remote(place)) return check_directory("--checkpoint-dir", place);
    try {
      is_taken(place);  // asks the store
      passed_.push_back("--checkpoint-dir " + place);
    } catch (const FailJob& e) {
      fail(fmt::format("--checkpoint-dir: {}", e.what()), e.code());
    }
  }

  void check_directory(const std::string& flag, const std::string& directory) {
    const std::string why = why_not_writable(directory);
    if (why.empty()) passed_.push_back(fmt::format("{} {}", flag, directory));
    else fail(fmt::format("{} {}: cannot be written: {}", flag, directory, why), ExitCode::kUsage);
  }

  /// Wrong use outweighs state that does not fit, and that what cannot be reached: it does not go away by waiting.
  void fail(const std::string& problem, ExitCode code) {
    problems_.push_back(configuration_.secrets.scrub(problem));
    const auto weight = [](ExitCode of) {
      return of == ExitCode::kUsage ? 2 : of == ExitCode::kStateUnusable ? 1 : 0;
    };
    if (weight(code) == 0) code = ExitCode::kCannotConnect;
    if (code_ == ExitCode::kDone || weight(code) > weight(code_)) code_ = code;
  }

  ConnectorContext context(const std::string& name, const ConnectorUri& uri, const RowSchema* schema) {
    ConnectorContext result{configuration_.graph.name,
                            configuration_.job.instance,
                            name,
                            schema,
                            environment_.get(),
                            &metrics_,
                            {}};
    if (const auto found = configuration_.job.connectors.find(uri.scheme);
        found != configuration_.job.connectors.end())
      result.settings = found->second;
    return result;
  }

  const Configuration& configuration_;
  const Program& program_;
  std::unique_ptr<Environment> environment_;
  MetricRegistry metrics_;
  std::unique_ptr<Connectors> connectors_;
  std::optional<RestorePreview> preview_;
  std::exception_ptr unreadable_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  LogSeen log_;
  Problems problems_;
  std::vector<std::string> passed_;
  ExitCode code_ = ExitCode::kDone;
};

}  // namespace

int command_check(const Configuration& configuration, const Terminal& terminal, const Program& program) {
  Check check(configuration, program);
  check.run();
  Problems all = configuration.problems;
  all.insert(all.end(), check.problems().begin(), check.problems().end());
  for (const std::string& line : check.passed())
    terminal.out << "ok  " << configuration.secrets.scrub(line) << '\n';
  for (const std::string& warning : configuration.warnings)
    terminal.out << "!!  " << configuration.secrets.scrub(warning) << '\n';
  if (all.empty()) {
    terminal.out << "ok  everything: this configuration can be run\n";
    return static_cast<int>(ExitCode::kDone);
  }
  print_problems(program.name, all, terminal.err);
  return static_cast<int>(configuration.problems.empty() ? check.code() : ExitCode::kUsage);
}

}  // namespace weir
