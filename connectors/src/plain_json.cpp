#include "plain_json.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <numeric>

#include <simdjson.h>

#include "field_value.hpp"
#include "iso_time.hpp"
#include "plain_text.hpp"

namespace weir {

namespace {

// A topic whose records are never plain should not pay for two attempts at each.
constexpr std::uint32_t kRefusedInARow = 16;
constexpr std::uint32_t kTriedAgain = 64;  // then one of so many is looked at

constexpr std::size_t kMostDigits = 18;  // so many always fit into 64 bits

}  // namespace

PlainJson::Key::Key(std::string_view name) : text('"' + std::string(name) + "\":") {
  std::memcpy(words, text.data(), std::min(text.size(), sizeof words));
  std::memset(masks, 0xFF, std::min(text.size(), sizeof masks));
}

PlainJson::Object::Object(const RowSchema& schema) : order(schema.fields.size()) {
  for (const Field& field : schema.fields)
    members.push_back(
        {&field, Key(field.name), field.nested ? std::make_unique<Object>(*field.nested) : nullptr});
  std::iota(order.begin(), order.end(), 0);
}

PlainJson::PlainJson(const RowSchema& schema) : root_(std::make_unique<Object>(schema)) {}
PlainJson::~PlainJson() = default;

bool PlainJson::has_seen(std::size_t field) const { return root_->members[field].seen_in > 0; }

bool PlainJson::decode(std::string_view payload, Batch& batch, void* row) {
  if (refused_ >= kRefusedInARow && ++refused_ % kTriedAgain != 0) return false;
  batch_ = &batch;
  at_ = payload.data();
  end_ = at_ + payload.size();
  const bool plain = take_object(*root_, static_cast<std::byte*>(row)) && at_ == end_;
  refused_ = plain ? 0 : refused_ + 1;
  return plain;
}

bool PlainJson::take_object(Object& object, std::byte* to) {
  if (!skip('{')) return false;
  ++object.number;
  std::size_t count = 0;
  do {
    Member* member = take_key(object, count);
    if (!member || member->seen_in == object.number) return false;
    member->seen_in = object.number;
    if (!take_field(*member, to + member->field->offset)) return false;
    ++count;
  } while (skip(','));
  return skip('}') && (count == object.members.size() || reset_missing(object, to));
}

PlainJson::Member* PlainJson::take_key(Object& object, std::size_t position) {
  skip(' ');
  if (position == object.members.size()) return nullptr;
  std::uint32_t& expected = object.order[position];
  if (!next_is(object.members[expected].key)) {
    std::uint32_t i = 0;
    while (i < object.members.size() && !next_is(object.members[i].key)) ++i;
    if (i == object.members.size()) return nullptr;
    expected = i;
  }
  Member& member = object.members[expected];
  at_ += member.key.text.size();
  skip(' ');
  return &member;
}

bool PlainJson::reset_missing(Object& object, std::byte* to) {
  for (const Member& member : object.members) {
    if (member.seen_in == object.number) continue;
    if (!member.field->optional) return false;
    member.field->reset(to + member.field->offset);
  }
  return true;
}

bool PlainJson::take_field(Member& member, void* to) {
  const Field& field = *member.field;
  if (!field.optional) return take_value(member, to);
  if (!skip("null")) return take_value(member, field.emplace(to));
  field.reset(to);
  return true;
}

bool PlainJson::take_value(Member& member, void* to) {
  const FieldType type = member.field->type;
  switch (type) {
    case FieldType::kBool:
      return take_bool(*static_cast<bool*>(to));
    case FieldType::kFloat:
      return take_real(*static_cast<float*>(to));
    case FieldType::kDouble:
      return take_real(*static_cast<double*>(to));
    case FieldType::kText:
    case FieldType::kOwnedText: {
      std::string_view text;
      if (!take_text(text)) return false;
      store_text(type, text, *batch_, to);
      return true;
    }
    case FieldType::kEventTime:
      return take_time(*static_cast<EventTime*>(to));
    case FieldType::kStruct:
      return take_object(*member.nested, static_cast<std::byte*>(to));
    default: {
      std::int64_t number = 0;
      return take_integer(number) && store_integer(type, number, to);
    }
  }
}

bool PlainJson::take_bool(bool& value) {
  value = skip("true");
  return value || skip("false");
}

bool PlainJson::take_integer(std::int64_t& value) {
  const bool negative = skip('-');
  const char* first = at_;
  std::int64_t number = 0;
  const char* last = first + std::min(left(), kMostDigits);
  while (at_ != last && *at_ >= '0' && *at_ <= '9') number = number * 10 + (*at_++ - '0');
  if (at_ == first || (*first == '0' && at_ - first > 1)) return false;
  value = negative ? -number : number;
  return true;
}

// from_chars() gives the number that is nearest; but it takes more than JSON allows.
template <class Real>
bool PlainJson::take_real(Real& value) {
  const char* first = at_;
  skip('-');
  const char* whole = at_;
  skip_digits();
  if (at_ == whole || (*whole == '0' && at_ - whole > 1)) return false;
  if (skip('.')) {
    const char* fraction = at_;
    skip_digits();
    if (at_ == fraction) return false;
  }
  if (next_is('e') || next_is('E')) return false;
  const auto [read_to, error] = std::from_chars(first, at_, value);
  return error == std::errc{} && read_to == at_;
}

bool PlainJson::take_text(std::string_view& text) {
  if (!skip('"')) return false;
  const PlainText plain = plain_text(at_, end_);
  text = {at_, static_cast<std::size_t>(plain.end - at_)};
  at_ = plain.end;
  return skip('"') && (!plain.beyond_ascii() || simdjson::validate_utf8(text));
}

bool PlainJson::take_time(EventTime& time) {
  if (!next_is('"')) return take_integer(time.millis);
  std::string_view text;
  return take_text(text) && parse_iso_time(text, time);
}

bool PlainJson::next_is(const Key& key) const {
  std::uint64_t words[2];
  if (key.text.size() > sizeof words || left() < sizeof words) return next_is(std::string_view(key.text));
  std::memcpy(words, at_, sizeof words);
  return ((words[0] ^ key.words[0]) & key.masks[0]) == 0 && ((words[1] ^ key.words[1]) & key.masks[1]) == 0;
}

bool PlainJson::next_is(std::string_view word) const {
  return left() >= word.size() && std::memcmp(at_, word.data(), word.size()) == 0;
}

bool PlainJson::skip(std::string_view word) {
  if (!next_is(word)) return false;
  at_ += word.size();
  return true;
}

}  // namespace weir
