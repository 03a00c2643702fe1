#pragma once

#include <memory>

#include <weir/core/connector.hpp>

namespace weir {

/// `print:`: each row as a line on standard output, as it comes. At least once: a replay prints again.
std::unique_ptr<Sink> make_print_sink(const ConnectorUri&, const ConnectorContext&);

/// `discard:`: counts rows and does nothing else.
std::unique_ptr<Sink> make_discard_sink(const ConnectorUri&, const ConnectorContext&);

}  // namespace weir
