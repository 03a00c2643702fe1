#include "part_file.hpp"

#include <charconv>
#include <vector>

#include <fmt/core.h>

#include <weir/core/error.hpp>

namespace weir {

namespace {

bool skip_digits(std::string_view& text) {
  const std::size_t size = std::min(text.find_first_not_of("0123456789"), text.size());
  text.remove_prefix(size);
  return size > 0;
}

bool parse(std::string_view text, std::uint64_t& value, int base) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc() && stop == text.data() + text.size();
}

}  // namespace

std::string PartFile::encode() const {
  return fmt::format("part 1\n{}\n{}\n{}\n{:016x}\n", staged_name, final_name, bytes, checksum);
}

std::vector<PartFile> PartFile::decode(std::string_view payload) {
  constexpr std::size_t kLines = 5;
  std::vector<std::string_view> lines;
  for (std::size_t end; (end = payload.find('\n')) != std::string_view::npos; payload.remove_prefix(end + 1))
    lines.push_back(payload.substr(0, end));
  bool good = payload.empty() && !lines.empty() && lines.size() % kLines == 0;
  std::vector<PartFile> parts;
  for (std::size_t i = 0; good && i < lines.size(); i += kLines) {
    PartFile& part = parts.emplace_back();
    part.staged_name = std::string(lines[i + 1]);
    part.final_name = std::string(lines[i + 2]);
    good =
        lines[i] == "part 1" && parse(lines[i + 3], part.bytes, 10) && parse(lines[i + 4], part.checksum, 16);
  }
  if (!good)
    throw FailJob(
        "file sink: the checkpoint's entry of a part file is not one that this version of weir understands",
        ExitCode::kStateUnusable);
  return parts;
}

std::string part_name(Epoch epoch, std::uint32_t worker, std::optional<std::uint64_t> number,
                      std::uint64_t run, std::string_view ending) {
  std::string name = fmt::format("part-{:010}-{}", epoch, worker);
  if (number) name += fmt::format("-{:06}", *number);
  if (run > 1) name += fmt::format(".run{}", run);
  return name + std::string(ending);
}

std::uint64_t run_of_part(std::string_view name) {
  if (!name.starts_with("part-")) return 0;
  name.remove_prefix(5);
  if (!skip_digits(name) || !name.starts_with('-')) return 0;
  name.remove_prefix(1);
  if (!skip_digits(name)) return 0;
  if (name.starts_with('-')) {
    name.remove_prefix(1);
    if (!skip_digits(name)) return 0;
  }
  if (!name.starts_with('.')) return 0;
  if (!name.starts_with(".run")) return 1;
  name.remove_prefix(4);
  std::uint64_t run = 0;
  return parse(name.substr(0, std::min(name.find('.'), name.size())), run, 10) ? run : 1;
}

}  // namespace weir
