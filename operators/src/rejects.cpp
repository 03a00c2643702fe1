#include <fmt/format.h>

#include <weir/core/error.hpp>
#include <weir/operators/source_operator.hpp>

namespace weir {

namespace {

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

/// For messages: enough of the payload to recognise it.
std::string_view excerpt(std::string_view payload) { return payload.substr(0, 200); }

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
  if (policy_ == RejectPolicy::kFail) {
    throw FailJob(fmt::format(
        "source '{}', partition '{}', offset {}: {}; the record: {}\n"
        "to go on without such records: --on-error {}=skip, or =dead_letter to keep them",
        source_, partition_, rejected.offset, rejected.reason, excerpt(rejected.payload), source_));
  }
  Arena& arena = letters_.arena();
  DeadLetter letter;
  letter.source = arena.copy(source_);
  letter.partition = arena.copy(partition_);
  letter.offset = rejected.offset;
  letter.reason = arena.copy(rejected.reason);
  letter.payload = arena.copy(rejected.payload);
  letters_.emit(letter, EventTime::min());
}

}  // namespace weir
