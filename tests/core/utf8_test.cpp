#include <catch2/catch.hpp>

#include <weir/core/error.hpp>
#include <weir/core/utf8.hpp>

namespace weir {

TEST_CASE("What is UTF-8 is told from what is not") {
  for (const char* text : {"", "a", "\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF",
                           "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "x\xC3\xA9y"})
    CHECK(is_utf8(text));
  for (const char* text :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x80\x80", "\xE2\x82", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xFF"})
    CHECK_FALSE(is_utf8(text));
}

TEST_CASE("Text is cut between characters") {
  const std::string text = "a\xC3\xA9\xF0\x9F\x98\x80z";
  const std::size_t sizes[] = {0, 1, 1, 3, 3, 3, 3, 7, 8, 8};
  for (std::size_t bytes = 0; bytes < 10; ++bytes) CHECK(utf8_front(text, bytes).size() == sizes[bytes]);
  CHECK(utf8_front("\xFF\xFF\xFF", 2) == "\xFF\xFF");
}

TEST_CASE("Values are shown so that they neither cut a message off nor speak to a terminal") {
  CHECK(shown("caf\xC3\xA9") == "caf\xC3\xA9");
  CHECK(shown(std::string_view("a\0b\n\x1b\x7f\xFF\xC2\x85", 9)) == "a\\x00b\\x0a\\x1b\\x7f\\xff\\xc2\\x85");
  CHECK(shown("abcdef", 3) == "abc\u2026");
  CHECK(shown(std::string(63, 'x') + "\xC3\xA9") == std::string(63, 'x') + "\u2026");
}

TEST_CASE("A failure's message survives a NUL and keeps its lines") {
  const std::string message("bad \0 here\nwhat to do\x1b", 22);
  CHECK(std::string(FailJob(message).what()) == "bad \\x00 here\nwhat to do\\x1b");
  CHECK(std::string(RestartJob(message).what()) == FailJob(message).what());
}

}  // namespace weir
