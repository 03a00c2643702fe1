#include <weir/operators/window_operator.hpp>

namespace weir {

std::string WindowProgress::encode() const {
  std::string bytes;
  detail::append_number(bytes, watermark.millis);
  detail::append_number(bytes, key_groups.first);
  detail::append_number(bytes, key_groups.end);
  return bytes + panes;
}

WindowProgress WindowProgress::decode(std::string_view bytes) {
  Arena none;
  StateReader in(bytes, none);
  WindowProgress progress;
  progress.watermark.millis = in.number<std::int64_t>();
  progress.key_groups.first = in.number<std::uint32_t>();
  progress.key_groups.end = in.number<std::uint32_t>();
  progress.panes = std::string(bytes.substr(sizeof(std::int64_t) + 2 * sizeof(std::uint32_t)));
  return progress;
}

}  // namespace weir
