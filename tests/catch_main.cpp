#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>

#ifdef __SANITIZE_THREAD__
// RocksDB hands contexts of zstd from thread to thread, by means that the sanitizer does not see: neither library is built with it.
extern "C" const char* __tsan_default_suppressions() { return "race:libzstd.so\n"; }
#endif
