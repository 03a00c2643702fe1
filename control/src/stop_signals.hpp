#pragma once

#include <csignal>
#include <functional>
#include <thread>

namespace weir {

/// Takes SIGTERM and SIGINT on a thread, where locks and memory may be used, instead of in a handler. The second of them ends the
/// process at once with 128 + its number: someone insists. SIGPIPE is ignored: a peer that went away is an error code.
class StopSignals {
 public:
  /// Blocks the signals in the calling thread, and so in every thread it starts from now on.
  StopSignals();
  /// Gives the signals back; those that came in between are dropped.
  ~StopSignals();

  /// From now on `stop` is called, once, on the signal thread. A signal that has come already counts.
  void forward_to(std::function<void(int signal)> stop);
  /// Returns when `stop` is not and will not be called any more.
  void end();

 private:
  void loop(const std::function<void(int)>& stop);

  int signal_fd_;
  int end_fd_;
  sigset_t before_;
  struct sigaction pipe_before_;
  std::thread thread_;
};

}  // namespace weir
