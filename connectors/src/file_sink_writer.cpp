#include "file_sink_writer.hpp"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include <weir/core/hash.hpp>

#include "sink_directory.hpp"

namespace weir {

FileSinkWriter::FileSinkWriter(const FileWriting& writing, std::uint32_t worker)
    : writing_(writing), worker_(worker), encoder_(make_encoder(writing.format, *writing.schema)) {}

bool FileSinkWriter::try_write(const Batch& rows) {
  if (rows.empty()) return true;
  if (!may_write()) return false;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    OpenFile& file = file_of(rows.row(i));
    const std::size_t begin = file.block.size();
    encoder_->encode(rows.row(i), file.block);
    written_.add(hash_bytes(std::string_view(file.block).substr(begin)));
    file.block += '\n';
    if (file.block.size() >= block_bytes()) hand_over(file);
  }
  return true;
}

bool FileSinkWriter::may_write() {
  take_finished();
  std::size_t waiting = 0;
  for (const auto& [key, open] : open_) {
    open.file->check();
    waiting += open.file->waiting_bytes();
  }
  for (const FinishingFile& finishing : finishing_) waiting += finishing.file->waiting_bytes();
  return waiting <= kMostWaitingBytes && finishing_.size() <= kMostOpenFiles;
}

FileSinkWriter::OpenFile& FileSinkWriter::file_of(const void* row) {
  next_key_.clear();
  writing_.partition_by.append_key(row, next_key_);
  if (last_ && next_key_ == key_) return *last_;
  std::swap(key_, next_key_);
  const auto found = open_.find(key_);
  last_ = found == open_.end() ? &begin_file(row) : &found->second;
  last_->last_used = ++turns_;
  return *last_;
}

FileSinkWriter::OpenFile& FileSinkWriter::begin_file(const void* row) {
  if (open_.size() == kMostOpenFiles) finish_longest_unused();
  OpenFile& open = open_[key_];
  open.directory = writing_.partition_by.directory_of(row);
  // A name that no other attempt gives: one that was cut off may still have jobs on its way to the disk.
  const std::string name = staged_name(
      writing_.claim,
      fmt::format("{}-{}-{:016x}{}", ++files_, worker_, writing_.environment->random(), writing_.ending));
  open.file =
      std::make_shared<StagedFile>(*writing_.environment, fmt::format("file:{}:{}", writing_.vertex, worker_),
                                   writing_.staged_directory, name, writing_.compression);
  open.block = writing_.header;
  return open;
}

void FileSinkWriter::hand_over(OpenFile& file) {
  std::string next;
  next.reserve(file.block.capacity());
  std::swap(next, file.block);
  file.file->write(std::move(next));
}

void FileSinkWriter::finish(OpenFile& file) {
  if (!file.block.empty()) hand_over(file);
  file.file->finish();
  finishing_.push_back({std::move(file.directory), std::move(file.file)});
}

void FileSinkWriter::finish_longest_unused() {
  const auto longest = std::min_element(open_.begin(), open_.end(), [](const auto& a, const auto& b) {
    return a.second.last_used < b.second.last_used;
  });
  finish(longest->second);
  open_.erase(longest);
}

void FileSinkWriter::take_finished() {
  for (; !finishing_.empty() && finishing_.front().file->finished(); finishing_.pop_front()) {
    FinishingFile& done = finishing_.front();
    finished_.push_back(
        {done.file->name(), std::move(done.directory), done.file->bytes(), done.file->checksum()});
  }
}

bool FileSinkWriter::try_flush(Epoch epoch) {
  if (!flushing_) {
    // In the order in which they were used last, so that names go by it.
    std::vector<OpenFile*> in_order;
    for (auto& [key, open] : open_) in_order.push_back(&open);
    std::sort(in_order.begin(), in_order.end(),
              [](const OpenFile* a, const OpenFile* b) { return a->last_used < b->last_used; });
    for (OpenFile* open : in_order) finish(*open);
    open_.clear();
    last_ = nullptr;
    flushing_ = true;
    epoch_ = epoch;
  }
  take_finished();
  return finishing_.empty();
}

SinkPart FileSinkWriter::take_part() {
  SinkPart part{worker_, {}, std::exchange(written_, {})};
  const bool numbered = !writing_.partition_by.empty();
  std::uint64_t number = 0;
  for (PartFile& file : finished_) {
    const std::string name = part_name(epoch_, worker_, numbered ? std::optional(++number) : std::nullopt,
                                       writing_.run, writing_.ending);
    file.final_name = file.final_name.empty() ? name : file.final_name + "/" + name;
    part.payload += file.encode();
  }
  finished_.clear();
  flushing_ = false;
  return part;
}

}  // namespace weir
