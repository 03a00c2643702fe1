#pragma once

#include <memory>

#include "format.hpp"

namespace weir {

/// One JSON object a record. docs/formats/rows.md says what is accepted.
std::unique_ptr<RowDecoder> make_json_decoder(const RowSchema& schema,
                                              std::shared_ptr<SourceNotes> notes = nullptr);
/// The same without the short way for records that are written plainly: tests compare the two.
std::unique_ptr<RowDecoder> make_general_json_decoder(const RowSchema& schema);
std::unique_ptr<RowEncoder> make_json_encoder(const RowSchema& schema);

}  // namespace weir
