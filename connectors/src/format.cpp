#include "format.hpp"

#include <fmt/core.h>

#include <weir/core/error.hpp>

#include "choices.hpp"
#include "csv_format.hpp"
#include "field_value.hpp"
#include "json_format.hpp"

namespace weir {

namespace {

const Field& only_text_field(const RowSchema& schema) {
  if (schema.fields.size() == 1) {
    const Field& field = schema.fields.front();
    if (!field.optional && (field.type == FieldType::kText || field.type == FieldType::kOwnedText))
      return field;
  }
  throw FailJob(
      fmt::format("format raw wants a row with exactly one text field, which {} is not", schema.name),
      ExitCode::kUsage);
}

class RawDecoder final : public RowDecoder {
 public:
  explicit RawDecoder(const Field& field) : field_(field) {}
  bool decode(std::string_view payload, Batch& batch, std::string&) override {
    auto* row = static_cast<std::byte*>(batch.append_default());
    store_text(field_.type, payload, batch, row + field_.offset);
    return true;
  }

 private:
  const Field& field_;
};

class RawEncoder final : public RowEncoder {
 public:
  explicit RawEncoder(const Field& field) : field_(field) {}
  void encode(const void* row, std::string& out) override {
    out += text_at(field_.type, static_cast<const std::byte*>(row) + field_.offset);
  }

 private:
  const Field& field_;
};

[[noreturn]] void unknown_format(std::string_view format) {
  const std::string hint = did_you_mean(format, {"json", "jsonl", "csv", "raw"});
  throw FailJob(fmt::format("format `{}` is not known{} (allowed are json, csv and raw)", format, hint),
                ExitCode::kUsage);
}

}  // namespace

std::unique_ptr<RowDecoder> make_decoder(std::string_view format, const RowSchema& schema,
                                         std::shared_ptr<SourceNotes> notes) {
  if (format == "json" || format == "jsonl") return make_json_decoder(schema, std::move(notes));
  if (format == "csv") return make_csv_decoder(schema, {});
  if (format == "raw") return std::make_unique<RawDecoder>(only_text_field(schema));
  unknown_format(format);
}

std::unique_ptr<RowEncoder> make_encoder(std::string_view format, const RowSchema& schema) {
  if (format == "json" || format == "jsonl") return make_json_encoder(schema);
  if (format == "csv") return make_csv_encoder(schema);
  if (format == "raw") return std::make_unique<RawEncoder>(only_text_field(schema));
  unknown_format(format);
}

}  // namespace weir
