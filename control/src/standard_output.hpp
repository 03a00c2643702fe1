#pragma once

#include <memory>
#include <ostream>

#include <weir/core/error.hpp>

namespace weir {

/// What a command ends with whose answer could not be written whole. No job does, so it is not among those of core.
inline constexpr auto kAnswerCut = static_cast<ExitCode>(6);

/// Thrown by what writes to a pipe that nobody reads any more. No error: whoever reads has enough.
struct ReaderLeft {};

/// The process' standard output: buffered, and loud. A write that fails ends the command at once, by ReaderLeft or FailJob(kAnswerCut); nothing is
/// written from then on. One thread.
class StandardOutput {
 public:
  /// `reader_may_leave`: a closed pipe is ReaderLeft, otherwise an error like others.
  StandardOutput(int fd, bool reader_may_leave);
  ~StandardOutput();

  std::ostream& stream();

 private:
  class Buffer;
  std::unique_ptr<Buffer> buffer_;
  std::ostream stream_;
};

/// Whether SIGPIPE ends the process, as long as this lives it does not: writes fail instead, and what was begun is cleaned up.
class PipeSignal {
 public:
  PipeSignal();
  ~PipeSignal();
  bool was_deadly() const { return before_is_default_; }
  /// Ends the process as SIGPIPE does. Requires: was_deadly().
  [[noreturn]] static void die();

 private:
  bool before_is_default_;
};

/// Occupies the standard descriptors that the process was started without: a file that is opened later would get their numbers, and what is
/// printed would be written into it. Reading from and writing to them goes on failing.
void occupy_standard_descriptors();

}  // namespace weir
