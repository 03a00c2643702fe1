#include <weir/state/tier.hpp>

namespace weir {

void StateTier::scan(std::string_view begin, std::string_view end,
                     const std::function<void(std::string_view, std::string_view)>& visit) const {
  scan_while(begin, end, [&](std::string_view key, std::string_view value) {
    visit(key, value);
    return true;
  });
}

}  // namespace weir
