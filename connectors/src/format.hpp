#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include <weir/core/batch.hpp>
#include <weir/core/schema.hpp>

#include "source_notes.hpp"

namespace weir {

/// Turns the bytes of one message or line into a row. One object a reader; not thread-safe.
class RowDecoder {
 public:
  virtual ~RowDecoder() = default;
  /// Appends one row to `batch`, its text copied into the batch's arena. False: nothing was appended, and `reason`
  /// says what is wrong, naming the field.
  virtual bool decode(std::string_view payload, Batch& batch, std::string& reason) = 0;
};

/// Turns a row into the bytes of one message or line, without a line end. One object a writer; not thread-safe.
class RowEncoder {
 public:
  virtual ~RowEncoder() = default;
  virtual void encode(const void* row, std::string& out) = 0;
};

/// `format` is json (jsonl is the same), csv or raw. `notes`, if given, takes what is odd about records that can be read. Throws FailJob(kUsage) naming what is allowed, and when the schema does
/// not suit the format (raw wants exactly one text field).
std::unique_ptr<RowDecoder> make_decoder(std::string_view format, const RowSchema& schema,
                                         std::shared_ptr<SourceNotes> notes = nullptr);
std::unique_ptr<RowEncoder> make_encoder(std::string_view format, const RowSchema& schema);

}  // namespace weir
