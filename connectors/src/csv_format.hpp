#pragma once

#include <memory>
#include <string>
#include <vector>

#include "format.hpp"

namespace weir {

/// How the records of a CSV file are to be read.
struct CsvLayout {
  std::vector<std::string>
      columns;       ///< names, in the order of the file; empty: the fields of the schema, in their order
  std::string null;  ///< one more text that means "absent", besides nothing and NA; empty: none
  char separator = ',';
  std::string header;  ///< the record that gave the names: it is no row where it comes again; empty: none did
};

/// One column of a schema: a field, or a field of a nested struct under its dotted name.
struct CsvColumn {
  std::string name;
  const Field* field;
  std::size_t offset;  ///< in the row
};

/// All columns of `schema`. Throws FailJob(kUsage) for an optional struct: CSV has no way to say that it is
/// absent.
std::vector<CsvColumn> csv_columns(const RowSchema& schema);

/// One RFC 4180 record, without its line end, a row. Throws FailJob(kUsage) when `layout` lacks the column
/// of a field that is not optional, has none that is a field, or names one twice. Optional fields without a column are noted.
std::unique_ptr<RowDecoder> make_csv_decoder(const RowSchema& schema, const CsvLayout& layout,
                                             SourceNotes* notes = nullptr);
std::unique_ptr<RowEncoder> make_csv_encoder(const RowSchema& schema);

/// The header line of what the encoder writes, without a line end.
std::string csv_header(const RowSchema& schema);

/// The fields of one record, unquoted. False when it is not CSV; `reason` says why.
bool split_csv(std::string_view record, char separator, std::vector<std::string>& fields,
               std::string& reason);

/// A guess at what separates the fields of a record that has only one: "; its fields seem to be separated by …", or nothing.
std::string other_separator(std::string_view record, char separator);

}  // namespace weir
