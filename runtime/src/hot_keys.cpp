#include "hot_keys.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace weir {

void HotKeySketch::add(std::uint64_t hash, const std::function<std::string()>& text) {
  if (++total_ >= kWindow) {
    total_ /= 2;
    for (Entry& entry : entries_) entry.count /= 2;
  }
  const auto known =
      std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.hash == hash; });
  if (known != entries_.end()) {
    ++known->count;
    if (known->text.empty()) known->text = text();
    return;
  }
  if (entries_.size() < kEntries) {
    entries_.push_back({hash, 1, {}});
    return;
  }
  Entry& least = *std::min_element(entries_.begin(), entries_.end(),
                                   [](const Entry& a, const Entry& b) { return a.count < b.count; });
  least.hash = hash;
  ++least.count;
  least.text.clear();
}

std::vector<std::pair<double, std::string>> HotKeySketch::hottest(std::size_t most) const {
  std::vector<const Entry*> named;
  for (const Entry& entry : entries_)
    if (!entry.text.empty()) named.push_back(&entry);
  std::sort(named.begin(), named.end(), [](const Entry* a, const Entry* b) { return a->count > b->count; });
  std::vector<std::pair<double, std::string>> keys;
  for (std::size_t i = 0; i < std::min(most, named.size()); ++i)
    keys.emplace_back(static_cast<double>(named[i]->count) / static_cast<double>(total_), named[i]->text);
  return keys;
}

void HotKeyBoard::publish(const std::string& vertex, std::uint32_t worker,
                          std::vector<std::pair<double, std::string>> keys) {
  const std::lock_guard lock(mutex_);
  keys_[{vertex, worker}] = std::move(keys);
}

std::vector<HotKey> HotKeyBoard::hottest() const {
  const std::lock_guard lock(mutex_);
  std::vector<HotKey> all;
  for (const auto& [place, keys] : keys_)
    for (const auto& [share, text] : keys) all.push_back({place.first, place.second, text, share});
  return all;
}

HotKeyWatch::HotKeyWatch(std::string vertex, std::uint32_t worker, std::vector<KeyText> key_texts,
                         HotKeyBoard& board, MetricRegistry& metrics)
    : vertex_(std::move(vertex)), worker_(worker), key_texts_(std::move(key_texts)), board_(board) {
  if (std::any_of(key_texts_.begin(), key_texts_.end(), [](KeyText text) { return text != nullptr; }))
    share_ = &metrics.gauge("weir_operator_hottest_key_share",
                            "Share of a worker's recent rows that has the most frequent key, from a sample.",
                            {{"operator", vertex_}, {"worker", std::to_string(worker_)}});
}

void HotKeyWatch::look(std::uint32_t input, const Batch& rows) {
  if (input >= key_texts_.size() || !key_texts_[input]) return;
  for (; skip_ < rows.size(); skip_ += kStride) {
    const void* row = rows.row(skip_);
    std::uint64_t hash;  // what a keyed row begins with
    std::memcpy(&hash, row, sizeof hash);
    sketch_.add(hash, [&] { return key_texts_[input](row); });
    if (++samples_ % kPublishEvery != 0) continue;
    auto hottest = sketch_.hottest(kShown);
    share_->set(hottest.empty() ? 0 : hottest.front().first);
    board_.publish(vertex_, worker_, std::move(hottest));
  }
  skip_ -= rows.size();
}

}  // namespace weir
