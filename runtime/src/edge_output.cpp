#include "edge_output.hpp"

#include <utility>

namespace weir {

namespace {
constexpr Environment::Instant kNotWaiting = Environment::Instant::max();
}

EdgeOutput::EdgeOutput(const Edge& edge, std::string name, std::uint32_t max_parallelism,
                       std::vector<Channel*> channels)
    : name_(std::move(name)),
      max_parallelism_(max_parallelism),
      make_batch_(edge.make_batch),
      channels_(std::move(channels)),
      waiting_since_(channels_.size(), kNotWaiting) {
  for (std::size_t t = 0; t < channels_.size(); ++t) open_.push_back(make_batch_());
}

Batch& EdgeOutput::ship(std::uint32_t target) {
  if (!open_[target]->empty()) {
    leave_idle();
    sent_.add(open_[target]->digest());
    rows_sent_ += open_[target]->size();
    Element element;
    element.kind = Element::Kind::kRows;
    element.rows = std::move(open_[target]);
    send(target, std::move(element));
    open_[target] = channels_[target]->take_emptied();
    if (!open_[target]) open_[target] = make_batch_();
  }
  waiting_since_[target] = kNotWaiting;
  return *open_[target];
}

void EdgeOutput::flush_waiting(Environment::Instant now, Environment::Instant linger) {
  for (std::uint32_t t = 0; t < targets(); ++t) {
    if (open_[t]->empty()) continue;
    if (waiting_since_[t] == kNotWaiting) waiting_since_[t] = now;
    if (now - waiting_since_[t] >= linger) ship(t);
  }
}

void EdgeOutput::flush() {
  for (std::uint32_t t = 0; t < targets(); ++t) ship(t);
}

void EdgeOutput::broadcast(Element::Kind kind, EventTime watermark, Epoch epoch) {
  flush();
  if (kind == Element::Kind::kIdle) {
    if (std::exchange(idle_, true)) return;
  } else if (kind == Element::Kind::kActive || kind == Element::Kind::kWatermark) {
    leave_idle();
    if (kind == Element::Kind::kActive) return;
  }
  send_mark(kind, watermark, epoch);
}

void EdgeOutput::leave_idle() {
  if (std::exchange(idle_, false)) send_mark(Element::Kind::kActive, {}, kNoEpoch);
}

void EdgeOutput::send_mark(Element::Kind kind, EventTime watermark, Epoch epoch) {
  for (std::uint32_t t = 0; t < targets(); ++t) {
    Element element;
    element.kind = kind;
    element.watermark = watermark;
    element.epoch = epoch;
    send(t, std::move(element));
  }
}

void EdgeOutput::send(std::uint32_t target, Element element) {
  if (!backlog_.empty() || !channels_[target]->try_send(element))
    backlog_.emplace_back(target, std::move(element));
}

bool EdgeOutput::drain() {
  while (!backlog_.empty() && channels_[backlog_.front().first]->try_send(backlog_.front().second))
    backlog_.pop_front();
  return backlog_.empty();
}

}  // namespace weir
