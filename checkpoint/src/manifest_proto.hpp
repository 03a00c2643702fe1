#pragma once

#include <weir/checkpoint/manifest.hpp>

#include "checkpoint.pb.h"

namespace weir {

pb::Manifest to_proto(const Manifest& manifest);
Manifest from_proto(const pb::Manifest& proto);

pb::CommitRecord to_proto(const CommitRecord& record);
CommitRecord from_proto(const pb::CommitRecord& proto);

}  // namespace weir
