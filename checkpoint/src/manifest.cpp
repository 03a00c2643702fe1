#include <weir/checkpoint/manifest.hpp>

#include <limits>

#include <fmt/format.h>

#include <weir/core/error.hpp>

#include "manifest_consistency.hpp"
#include "manifest_frame.hpp"
#include "manifest_proto.hpp"

namespace weir {

namespace {

/// Protobuf counts in int.
constexpr std::size_t kContentBytesMax = std::numeric_limits<int>::max();

template <class Proto>
std::string serialised(const Proto& proto, const std::string& name) {
  if (proto.ByteSizeLong() > kContentBytesMax)
    throw FailJob(fmt::format(
        "{} would take {} bytes, and {} is the most: operator state that belongs to no key is kept in it, "
        "and must be smaller",
        name, proto.ByteSizeLong(), kContentBytesMax));
  return proto.SerializeAsString();
}

template <class Proto>
Proto parsed(std::string_view content, const std::string& name) {
  Proto proto;
  if (content.size() > kContentBytesMax ||
      !proto.ParseFromArray(content.data(), static_cast<int>(content.size())))
    refuse(name, "has the right checksum but is no Protobuf message of its kind");
  return proto;
}

}  // namespace

std::string StoredFile::stored_name() const {
  return claim == 0 ? checksum.hex() : fmt::format("{}-{}", claim, checksum.hex());
}

std::string encode(const Manifest& manifest) {
  return framed(kManifestFrame, serialised(to_proto(manifest), fmt::format("manifest {}", manifest.epoch)));
}

Manifest decode_manifest(std::string_view bytes, const std::string& name) {
  Manifest manifest = from_proto(parsed<pb::Manifest>(unframed(kManifestFrame, bytes, name), name));
  if (const std::string found = inconsistency(manifest); !found.empty()) refuse(name, found);
  return manifest;
}

std::string encode(const CommitRecord& record) {
  return framed(kCommitFrame, serialised(to_proto(record), fmt::format("commit record {}", record.epoch)));
}

CommitRecord decode_commit_record(std::string_view bytes) {
  const std::string name = "commit record";
  CommitRecord record = from_proto(parsed<pb::CommitRecord>(unframed(kCommitFrame, bytes, name), name));
  if (record.job.empty()) refuse(name, "names no job");
  if (record.epoch == kNoEpoch && record.claim == 0) refuse(name, "has neither epoch nor claim");
  return record;
}

}  // namespace weir
