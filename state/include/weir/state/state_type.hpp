#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/state/codec.hpp>

namespace weir {

/// The type of a state as data: what stands in manifests as text, `{count:int64,total:double}`. With it, state can be read, shown and
/// converted by code that does not know the C++ type. docs/formats/state.md.
struct StateType {
  enum class Kind : std::uint8_t {
    kBool,
    kSigned,
    kUnsigned,
    kFloating,
    kText,
    kEventTime,
    kOptional,      ///< parts[0]
    kList,          ///< parts[0]
    kStruct,        ///< parts by names
    kRows,          ///< parts[0], each with an event time before it: an entry of a RowList
    kMap,           ///< parts[0] the map's key, ordered, in the entry's key; parts[1] the value
    kBroadcast,     ///< parts[0]; kept in the operator state
    kOperatorList,  ///< parts[0], behind their number: split<…> and union<…>; kept in the operator state
    kExpiring,      ///< parts[0], behind the time it was written: an entry of a state with a time to live
    kOpaque,        ///< written by a codec of the user's; `text` says what
  };

  Kind kind = Kind::kOpaque;
  std::uint8_t bytes = 0;  ///< width of a number
  std::vector<StateType> parts;
  std::vector<std::string> names;                 ///< of a struct's fields
  std::vector<std::vector<std::string>> aliases;  ///< what each field was called before, the latest first
  std::string text;                               ///< as it was parsed

  /// Throws FailJob(kStateUnusable) when the text is not well formed.
  static StateType parse(std::string_view text);
};

/// Whether values of one type are written exactly as those of the other, and mean the same: they differ in former names, or in the names
/// of fields that are former names of the other's. True of keys that can stay where they are.
bool same_bytes(const StateType& from, const StateType& to);

/// One value as JSON. Event times as milliseconds; values of opaque types as the hexadecimal digits of what is left of the entry.
void append_json(std::string& out, const StateType& type, StateReader& in);
/// The same for what an OrderedCodec wrote: the key of a map.
void append_ordered_json(std::string& out, const StateType& type, StateReader& in);
/// Text as a JSON string.
void append_json_text(std::string& out, std::string_view text);

/// How values of one type become values of another. Fields are matched by name, or by a declared former name; added fields take zero,
/// empty or absent; removed ones are dropped; numbers and texts widen; T becomes optional<T>; within structs, lists, maps, optionals too.
class StateConversion {
 public:
  StateConversion(StateType from, StateType to);

  /// What cannot be converted, each as "field total: double cannot become int64". Empty: everything can.
  const std::vector<std::string>& problems() const { return problems_; }
  /// What is different, each as "field total: added, takes 0". Empty: nothing; values can stay as they are.
  const std::vector<std::string>& changes() const { return changes_; }
  /// Reads one value of the old type and appends it as the new one. Requires: no problems.
  void convert(StateReader& in, std::string& out) const;

 private:
  StateType from_;
  StateType to_;
  std::vector<std::string> problems_;
  std::vector<std::string> changes_;
};

}  // namespace weir
