#include "stop_signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <system_error>

#include "own_thread.hpp"

namespace weir {

namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

int checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

StopSignals::StopSignals() {
  const sigset_t set = stop_set();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &pipe_before_);
  signal_fd_ = checked(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  end_fd_ = checked(eventfd(0, EFD_CLOEXEC), "eventfd");
}

StopSignals::~StopSignals() {
  end();
  const sigset_t set = stop_set();
  const timespec none{};
  while (sigtimedwait(&set, nullptr, &none) > 0) {
  }
  close(signal_fd_);
  close(end_fd_);
  sigaction(SIGPIPE, &pipe_before_, nullptr);
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void StopSignals::forward_to(std::function<void(int)> stop) {
  thread_ = start_own_thread("signals", [this, stop = std::move(stop)] { loop(stop); });
}

void StopSignals::end() {
  if (!thread_.joinable()) return;
  eventfd_write(end_fd_, 1);
  thread_.join();
}

void StopSignals::loop(const std::function<void(int)>& stop) {
  bool stopping = false;
  while (true) {
    pollfd fds[] = {{signal_fd_, POLLIN, 0}, {end_fd_, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents != 0) return;
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof info) != sizeof info) continue;
    const int signal = static_cast<int>(info.ssi_signo);
    if (stopping) _exit(128 + signal);
    stopping = true;
    stop(signal);
  }
}

}  // namespace weir
