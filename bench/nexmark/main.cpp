// The queries of Nexmark, one at a time:
//
//   nexmark run --query q5 --source events=file:events.jsonl --sink results=file:out?format=jsonl

#include "program.hpp"

int main(int argc, char** argv) {
  return weir::main(argc, argv, "nexmark", nexmark::parameters(), nexmark::build);
}
