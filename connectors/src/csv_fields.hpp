#pragma once

#include <cstring>
#include <string>
#include <string_view>

namespace weir {

/// Walks the fields of one CSV record from left to right.
class CsvFields {
 public:
  CsvFields(std::string_view record, char separator)
      : next_(record.data()), end_(record.data() + record.size()), separator_(separator) {}

  /// Takes the next field. Requires: !done(). False when its quotes are wrong; `problem` then says how.
  bool take(std::string& scratch) {
    quoted = next_ != end_ && *next_ == '"';
    if (quoted) return take_quoted(scratch);
    if (next_ == end_) {
      finish(end_);
      return true;
    }
    const auto* comma =
        static_cast<const char*>(std::memchr(next_, separator_, static_cast<std::size_t>(end_ - next_)));
    finish(comma == nullptr ? end_ : comma);
    return true;
  }
  bool done() const { return done_; }

  std::string_view text;  ///< of the field taken, unquoted; valid until `scratch` or the record changes
  bool quoted = false;
  const char* problem = nullptr;

 private:
  void finish(const char* stop) {
    text = {next_, static_cast<std::size_t>(stop - next_)};
    done_ = stop == end_;
    next_ = done_ ? end_ : stop + 1;
  }

  bool take_quoted(std::string& scratch) {
    const char* begin = ++next_;
    bool pieces = false;
    while (true) {
      const auto* quote =
          static_cast<const char*>(std::memchr(begin, '"', static_cast<std::size_t>(end_ - begin)));
      if (quote == nullptr) return fail("a quote that is never closed");
      const bool doubled = quote + 1 != end_ && quote[1] == '"';
      if (!doubled && !pieces) text = {begin, static_cast<std::size_t>(quote - begin)};
      if (doubled || pieces) {
        if (!pieces) scratch.clear();
        pieces = true;
        scratch.append(begin, static_cast<std::size_t>(quote - begin) + (doubled ? 1 : 0));
      }
      if (doubled) {
        begin = quote + 2;
        continue;
      }
      if (pieces) text = scratch;
      return close(quote + 1);
    }
  }

  bool close(const char* after) {
    if (after != end_ && *after != separator_) return fail("text after a closing quote");
    done_ = after == end_;
    next_ = done_ ? end_ : after + 1;
    return true;
  }
  bool fail(const char* what) {
    problem = what;
    return false;
  }

  const char* next_;
  const char* end_;
  const char separator_;
  bool done_ = false;
};

}  // namespace weir
