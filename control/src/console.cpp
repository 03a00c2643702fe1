#include "console.hpp"

#include <mutex>
#include <ostream>

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

namespace weir {

namespace {

/// Five letters for every level, so that texts line up.
class LevelName : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    static constexpr std::string_view kNames[] = {"trace", "debug", "info ", "warn ",
                                                  "error", "fatal", "off  "};
    const std::string_view name = kNames[static_cast<std::size_t>(message.level)];
    out.append(name.data(), name.data() + name.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelName>(); }
};

class ConsoleSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit ConsoleSink(std::ostream& err) : err_(err) {
    auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc, "\n");
    formatter->add_flag<LevelName>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %* %v");
    formatter_ = std::move(formatter);
  }

  void show_progress(const std::string& line) {
    std::lock_guard lock(mutex_);
    if (line.empty() && progress_.empty()) return;
    progress_ = line;
    err_ << kErase << progress_ << std::flush;
  }

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    if (lost_ > 0 && try_write(lines_lost(message))) lost_ = 0;
    if (lost_ > 0 || !try_write(message)) ++lost_;
  }
  void flush_() override { err_.flush(); }

 private:
  static constexpr const char* kErase = "\r\x1b[K";

  /// A stream that has failed once would stay silent for ever; a device that was full need not stay so.
  bool try_write(const spdlog::details::log_msg& message) {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    err_.clear();
    if (!progress_.empty()) err_ << kErase;
    err_.write(line.data(), static_cast<std::streamsize>(line.size()));
    err_ << progress_ << std::flush;
    return err_.good();
  }
  spdlog::details::log_msg lines_lost(const spdlog::details::log_msg& message) {
    said_ = fmt::format("{} lines before this one could not be written", lost_);
    spdlog::details::log_msg notice = message;
    notice.level = spdlog::level::warn;
    notice.payload = said_;
    return notice;
  }

  std::uint64_t lost_ = 0;
  std::string said_;
  std::ostream& err_;
  std::string progress_;
};

spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kTrace:
      return spdlog::level::trace;
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
    case LogLevel::kOff:
      return spdlog::level::off;
  }
  return spdlog::level::info;
}

/// Whatever is logged, and may have come from a record, stays on its line and cannot speak to the terminal.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    if (c == '\n') line += "\\n";
    else if (c == '\t') line += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      line += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else line += c;
  }
  return line;
}

}  // namespace

struct Console::Core {
  Core(std::ostream& err, LogLevel level, const Secrets& s)
      : secrets(s), sink(std::make_shared<ConsoleSink>(err)), logger("weir", sink) {
    logger.set_level(spdlog_level(level));
  }
  const Secrets& secrets;
  std::shared_ptr<ConsoleSink> sink;  // shared with the logger
  spdlog::logger logger;
};

Console::Console(std::ostream& err, LogLevel level, const Secrets& secrets)
    : core_(std::make_unique<Core>(err, level, secrets)) {}
Console::~Console() = default;

void Console::log(LogLevel level, const std::string& text) {
  if (!core_->logger.should_log(spdlog_level(level))) return;
  core_->logger.log(spdlog_level(level), spdlog::string_view_t(one_line(core_->secrets.scrub(text))));
}

void Console::log_reason(const std::string& text) {
  const std::string line = one_line(core_->secrets.scrub(text));
  core_->sink->log(spdlog::details::log_msg("weir", spdlog::level::err, line));
}

void Console::show_progress(const std::string& line) { core_->sink->show_progress(line); }

}  // namespace weir
