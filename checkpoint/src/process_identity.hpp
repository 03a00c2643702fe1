#pragma once

#include <string>

namespace weir {

/// "process 7 on host a", for people.
std::string this_process();
/// Unique to this call: process numbers come again, start times differ.
std::string unique_token();

/// Which process this is, for others that run under the same kernel.
std::string process_identity();
/// Whether the process of an identity is known to have ended: it ran under this kernel, beside this process, and is there no more. False
/// where that cannot be known.
bool has_ended(const std::string& identity);

}  // namespace weir
