#pragma once

#include <string>

#include <catch2/catch.hpp>

#include <weir/core/error.hpp>

namespace weir {

/// What FailJob says that ends `call` with this exit code; nothing else may come of it.
template <class Call>
std::string failure_of(ExitCode code, Call call) {
  try {
    call();
  } catch (const FailJob& failure) {
    CHECK(static_cast<int>(failure.code()) == static_cast<int>(code));
    return failure.what();
  }
  FAIL("nothing was thrown");
  return "";
}

}  // namespace weir
