#include "standard_output.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <streambuf>

#include <fmt/format.h>

#include <weir/core/error.hpp>

namespace weir {

class StandardOutput::Buffer : public std::streambuf {
 public:
  Buffer(int fd, bool reader_may_leave) : fd_(fd), reader_may_leave_(reader_may_leave) { begin_anew(); }

 protected:
  int_type overflow(int_type c) override {
    drain();
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    *pptr() = traits_type::to_char_type(c);
    pbump(1);
    return c;
  }
  int sync() override {
    drain();
    return 0;
  }

 private:
  void begin_anew() { setp(bytes_.data(), bytes_.data() + bytes_.size()); }

  void drain() {
    const char* next = pbase();
    const char* const end = pptr();
    begin_anew();  // also after a failure: what is lost is not tried again
    while (next != end && !failed_) {
      const ssize_t written = write(fd_, next, static_cast<std::size_t>(end - next));
      if (written >= 0) next += written;
      else if (errno == EAGAIN) await_room();
      else if (errno != EINTR) fail(errno);
    }
  }

  void await_room() const {
    pollfd room{fd_, POLLOUT, 0};
    poll(&room, 1, -1);
  }

  [[noreturn]] void fail(int error) {
    failed_ = true;
    if (error == EPIPE && reader_may_leave_) throw ReaderLeft{};
    throw FailJob(
        fmt::format("the answer is cut off: standard output cannot be written: {}", std::strerror(error)),
        kAnswerCut);
  }

  const int fd_;
  const bool reader_may_leave_;
  bool failed_ = false;
  std::array<char, 64 * 1024> bytes_;
};

StandardOutput::StandardOutput(int fd, bool reader_may_leave)
    : buffer_(std::make_unique<Buffer>(fd, reader_may_leave)), stream_(buffer_.get()) {
  stream_.exceptions(std::ios::badbit);  // so that it passes on what the buffer throws
}
StandardOutput::~StandardOutput() = default;

std::ostream& StandardOutput::stream() { return stream_; }

PipeSignal::PipeSignal() {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &before);
  before_is_default_ = before.sa_handler == SIG_DFL;
}

PipeSignal::~PipeSignal() {
  if (before_is_default_) signal(SIGPIPE, SIG_DFL);
}

void PipeSignal::die() {
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
  _exit(128 + SIGPIPE);  // it was blocked
}

void occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The lowest number that is free is this one.
    if (open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) == -1) return;
  }
}

}  // namespace weir
