#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/core/utf8.hpp>
#include <weir/operators/source_operator.hpp>

#include "base64.hpp"

namespace weir {

namespace {

/// Of a payload, in a message and in a dead letter. However the latter is written, it fits into a message that any broker takes.
constexpr std::size_t kShownBytes = 200;
constexpr std::size_t kLetterBytes = 64 * 1024;

const char* to_text(RejectPolicy policy) {
  switch (policy) {
    case RejectPolicy::kFail:
      return "fail";
    case RejectPolicy::kSkip:
      return "skip";
    case RejectPolicy::kDeadLetter:
      return "dead_letter";
  }
  return "unknown";
}

std::string remedy_of(const Rejected& rejected, const std::string& source) {
  if (!rejected.remedy.empty()) return std::string(rejected.remedy);
  return fmt::format("to go on without such records: --on-error {}=skip, or =dead_letter to keep them",
                     source);
}

}  // namespace

Rejects::Rejects(SourceContext& context)
    : source_(context.base.name),
      policy_(context.on_reject),
      counter_(&context.base.metrics->counter("weir_records_rejected_total",
                                              "Records that could not be decoded.",
                                              {{"source", source_},
                                               {"policy", to_text(policy_)},
                                               {"worker", std::to_string(context.base.worker)}})),
      letters_(context.base, 1) {}

void Rejects::reject(const Rejected& rejected) {
  ++count_;
  counter_->add(1);
  if (policy_ == RejectPolicy::kSkip) return;
  if (policy_ == RejectPolicy::kFail)
    throw FailJob(fmt::format("source '{}', partition '{}', offset {}: {}; the record: {}\n{}", source_,
                              partition_, rejected.offset, rejected.reason,
                              shown(rejected.payload, kShownBytes), remedy_of(rejected, source_)));
  post(rejected);
}

void Rejects::post(const Rejected& rejected) {
  Arena& arena = letters_.arena();
  const std::string_view kept = utf8_front(rejected.payload, kLetterBytes);
  DeadLetter letter;
  letter.source = arena.copy(source_);
  letter.partition = arena.copy(partition_);
  letter.offset = rejected.offset;
  letter.bytes = std::max<std::uint64_t>(rejected.bytes, rejected.payload.size());
  std::string reason = printable(std::string(rejected.reason));
  if (letter.bytes > kept.size())
    reason += fmt::format("; of its {} bytes the first {} are kept", letter.bytes, kept.size());
  letter.reason = arena.copy(reason);
  if (is_utf8(kept)) {
    letter.payload = arena.copy(kept);
    letter.encoding = "text";
  } else {
    letter.payload = arena.copy(base64(kept));
    letter.encoding = "base64";
  }
  letters_.emit(letter, EventTime::min());
}

}  // namespace weir
