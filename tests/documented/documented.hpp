#pragma once

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "project_directory.hpp"

inline std::string project_file(const std::string& name) {
  std::ifstream stream(weir::testing::project_directory() / name);
  REQUIRE(stream.is_open());
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

/// Lines without what stands before and behind them, and without empty ones.
inline std::string without_indent(const std::string& text) {
  std::istringstream lines(text);
  std::string plain;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t begin = line.find_first_not_of(' ');
    if (begin != std::string::npos) plain += line.substr(begin) + "\n";
  }
  return plain;
}

/// Every block of C++ on the page stands, line by line, in the file.
inline void check_that_page_is_compiled(const std::string& page, const std::string& file) {
  const std::string text = project_file(page), source = without_indent(project_file(file));
  int blocks = 0;
  for (std::size_t at = text.find("```cpp\n"); at != std::string::npos; at = text.find("```cpp\n", at + 1)) {
    const std::size_t begin = at + 7;
    const std::string block = without_indent(text.substr(begin, text.find("```", begin) - begin));
    INFO(block);
    CHECK(source.find(block) != std::string::npos);
    ++blocks;
  }
  CHECK(blocks > 0);
}
