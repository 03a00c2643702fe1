#include <weir/core/text_check.hpp>

#include <link.h>

#include <cstdint>
#include <cstdlib>

namespace weir {

namespace {

struct Range {
  std::uintptr_t begin;
  std::uintptr_t end;
};

/// Whether a loaded object, the program or a library, holds the whole range.
int holds(dl_phdr_info* object, std::size_t, void* range) {
  const auto& text = *static_cast<const Range*>(range);
  for (std::size_t i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && text.begin >= begin && text.end <= begin + segment.p_memsz) return 1;
  }
  return 0;
}

const bool asked_for = [] {
  const char* const value = std::getenv("WEIR_CHECK_TEXT");
  const bool on = value != nullptr && std::string_view(value) != "" && std::string_view(value) != "0";
  if (on) check_text(true);
  return on;
}();

}  // namespace

bool is_static_text(std::string_view text) {
  static_cast<void>(asked_for);
  const auto begin = reinterpret_cast<std::uintptr_t>(text.data());
  Range range{begin, begin + text.size()};
  return dl_iterate_phdr(&holds, &range) != 0;
}

}  // namespace weir
