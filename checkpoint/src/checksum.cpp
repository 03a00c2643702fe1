#include "checksum.hpp"

#include <new>

#include <fmt/format.h>
#include <xxhash.h>

namespace weir {

namespace {

Checksum from(XXH128_hash_t hash) { return {hash.low64, hash.high64}; }

}  // namespace

std::string Checksum::hex() const { return fmt::format("{:016x}{:016x}", high, low); }

Checksum checksum(std::string_view bytes) { return from(XXH3_128bits(bytes.data(), bytes.size())); }

StreamingChecksum::StreamingChecksum() : state_(XXH3_createState()) {
  if (state_ == nullptr) throw std::bad_alloc();
  XXH3_128bits_reset(state_);
}

StreamingChecksum::~StreamingChecksum() { XXH3_freeState(state_); }

void StreamingChecksum::add(std::string_view piece) {
  XXH3_128bits_update(state_, piece.data(), piece.size());
}

Checksum StreamingChecksum::value() const { return from(XXH3_128bits_digest(state_)); }

}  // namespace weir
