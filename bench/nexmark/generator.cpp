#include "generator.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace nexmark {

namespace {

constexpr std::uint64_t kPoolSize = 1 << 16;
constexpr std::uint64_t kOtherChannels = 10'000;

constexpr std::uint64_t kRound = 50;  // events: a person, auctions, bids
constexpr std::uint64_t kAuctionsOfRound = 3;
constexpr std::uint64_t kFirstBidOfRound = 1 + kAuctionsOfRound;
constexpr std::int64_t kFirstId = 1000;
constexpr std::uint64_t kLead = 10;        // ids that do not exist yet may be named, too
constexpr std::uint64_t kHotStride = 100;  // of so many one is popular

constexpr std::array<std::string_view, 11> kFirstNames{"Peter", "Paul",  "Luke",  "John",   "Saul",  "Vicky",
                                                       "Kate",  "Julie", "Sarah", "Deiter", "Walter"};
constexpr std::array<std::string_view, 9> kLastNames{"Shultz", "Abrams", "Spencer", "White", "Bartels",
                                                     "Walton", "Smith",  "Jones",   "Noris"};
constexpr std::array<std::string_view, 10> kCities{"Phoenix",  "Los Angeles", "San Francisco", "Boise",
                                                   "Portland", "Bend",        "Redmond",       "Seattle",
                                                   "Kent",     "Cheyenne"};
constexpr std::array<std::string_view, 6> kStates{"AZ", "CA", "ID", "OR", "WA", "WY"};
constexpr std::array<std::string_view, Texts::kPopularChannels> kPopularNames{"Google", "Facebook", "Baidu",
                                                                              "Apple"};

std::string word(Draws& draws) {
  std::string text(3 + draws.below(2), '_');
  for (char& c : text)
    if (draws.below(13) != 0) c = static_cast<char>('a' + draws.below(26));
  return text;
}

std::string url(Draws& draws) {
  std::string text = "https://www.nexmark.com/";
  for (int i = 0; i < 3; ++i) text += word(draws) + '/';
  return text + "item.htm?query=1";
}

std::uint32_t reversed(std::uint32_t bits) {
  std::uint32_t result = 0;
  for (int i = 0; i < 32; ++i, bits >>= 1) result = (result << 1) | (bits & 1);
  return result;
}

/// The newest auction at event n, which is not the person that its round begins with.
std::uint64_t last_auction(std::uint64_t n) {
  return n / kRound * kAuctionsOfRound + std::min(n % kRound, kAuctionsOfRound) - 1;
}

std::uint64_t popular_person(std::uint64_t n) { return n / kRound / kHotStride * kHotStride; }

/// Those that take part at event n.
struct ActivePeople {
  ActivePeople(std::uint64_t n, const Crowd& crowd)
      : count(std::min(n / kRound + 1, crowd.people)), first(n / kRound + 1 - count) {}
  std::uint64_t count;
  std::uint64_t first;
};

/// Without a branch.
std::uint64_t either(bool condition, std::uint64_t yes, std::uint64_t no) {
  return no ^ ((yes ^ no) & -std::uint64_t{condition});
}

/// From 1 to a million dollars in cents, each power of two as likely as any other.
std::int64_t price(Draws& draws) {
  const std::uint64_t octave = std::uint64_t{100} << draws.below(20);
  return static_cast<std::int64_t>(octave + ((octave * draws.below(1 << 20)) >> 20));
}

char* append(char* to, std::string_view text) {
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// `first` and `last`, with `between` in the middle, in the arena.
std::string_view joined(weir::Arena& arena, std::string_view first, std::string_view between,
                        std::string_view last, std::string_view end = {}) {
  const std::size_t size = first.size() + between.size() + last.size() + end.size();
  char* text = arena.allocate(size);
  append(append(append(append(text, first), between), last), end);
  return {text, size};
}

std::string_view card_number(Draws& draws, weir::Arena& arena) {
  constexpr std::size_t kSize = 19;
  char* text = arena.allocate(kSize);
  for (std::size_t group = 0; group < 4; ++group) {
    std::uint64_t digits = draws.below(10'000);
    for (std::size_t i = 4; i-- > 0; digits /= 10) text[group * 5 + i] = static_cast<char>('0' + digits % 10);
    if (group < 3) text[group * 5 + 4] = ' ';
  }
  return {text, kSize};
}

}  // namespace

Texts::Texts(std::uint64_t seed) {
  Draws letters(mix(seed ^ 0x706F6F6C));
  pool.resize(kPoolSize);
  for (char& c : pool) c = static_cast<char>('a' + letters.below(26));
  Draws urls(mix(seed ^ 0x75726C73));
  kept_.reserve(kPopularChannels + 2 * kOtherChannels);
  for (const std::string_view name : kPopularNames) channels.push_back({name, keep(url(urls))});
  for (std::uint32_t i = 0; i < kOtherChannels; ++i) {
    std::string address = url(urls);
    if (urls.below(10) > 0) address += "&channel_id=" + std::to_string(reversed(i) >> 1);
    channels.push_back({keep("channel-" + std::to_string(i)), keep(std::move(address))});
  }
}

std::string_view Texts::keep(std::string text) {
  kept_.push_back(std::move(text));
  return kept_.back();
}

const Texts& Texts::of(std::uint64_t seed) {
  static std::mutex mutex;
  static std::map<std::uint64_t, std::unique_ptr<const Texts>> all;
  const std::lock_guard lock(mutex);
  auto& texts = all[seed];
  if (!texts) texts.reset(new Texts(seed));
  return *texts;
}

Generator::Generator(std::uint64_t seed, EventClock clock, Crowd crowd)
    : seed_(mix(seed)), clock_(clock), crowd_(crowd), texts_(&Texts::of(seed)) {}

Event Generator::event(std::uint64_t n, weir::Arena& arena) const {
  Draws draws(mix(seed_ + n));
  const std::uint64_t in_round = n % kRound;
  Event event;
  if (in_round >= kFirstBidOfRound) make_bid(event, n, draws);
  else if (in_round >= 1) make_auction(event, n, draws);
  else make_person(event, n, draws, arena);
  return event;
}

void Generator::make_person(Event& event, std::uint64_t n, Draws& draws, weir::Arena& arena) const {
  event.event_type = Event::kPerson;
  Person& person = event.person.emplace();
  person.id = kFirstId + static_cast<std::int64_t>(n / kRound);
  const std::string_view first = kFirstNames[draws.below(kFirstNames.size())];
  person.name = joined(arena, first, " ", kLastNames[draws.below(kLastNames.size())]);
  const std::string_view user = letters(draws, 3 + draws.below(5));
  person.emailAddress = joined(arena, user, "@", letters(draws, 3 + draws.below(3)), ".com");
  person.creditCard = card_number(draws, arena);
  person.city = kCities[draws.below(kCities.size())];
  person.state = kStates[draws.below(kStates.size())];
  person.dateTime = clock_.at(n);
  person.extra = filling(draws,
                         8 + person.name.size() + person.emailAddress.size() + person.creditCard.size() +
                             person.city.size() + person.state.size(),
                         200);
}

void Generator::make_auction(Event& event, std::uint64_t n, Draws& draws) const {
  event.event_type = Event::kAuction;
  Auction& auction = event.auction.emplace();
  auction.id = kFirstId + static_cast<std::int64_t>(last_auction(n));
  const bool popular_seller = draws.below(4) > 0;
  const ActivePeople active(n, crowd_);
  const std::uint64_t someone = draws.below_if(!popular_seller, active.count + kLead);
  auction.seller =
      kFirstId + static_cast<std::int64_t>(either(popular_seller, popular_person(n), active.first + someone));
  auction.category = 10 + static_cast<std::int64_t>(draws.below(5));
  auction.initialBid = price(draws);
  auction.dateTime = clock_.at(n);
  // As long as it takes for so many auctions to be opened.
  const std::uint64_t flight_events = crowd_.auctions * kRound / kAuctionsOfRound;
  const std::int64_t flight = clock_.at(n + flight_events).millis - auction.dateTime.millis;
  const std::uint64_t longest = flight > 0 ? 2 * static_cast<std::uint64_t>(flight) : 1;
  auction.expires = {auction.dateTime.millis + 1 + static_cast<std::int64_t>(draws.below(longest))};
  auction.itemName = letters(draws, 3 + draws.below(17));
  auction.description = letters(draws, 3 + draws.below(97));
  auction.reserve = auction.initialBid + price(draws);
  auction.extra = filling(draws, 48 + auction.itemName.size() + auction.description.size(), 500);
}

void Generator::make_bid(Event& event, std::uint64_t n, Draws& draws) const {
  event.event_type = Event::kBid;
  Bid& bid = event.bid.emplace();
  const std::uint64_t last = last_auction(n);
  const bool popular_auction = draws.below(2) > 0;
  const std::uint64_t oldest = last > crowd_.auctions ? last - crowd_.auctions : 0;
  const std::uint64_t open = draws.below_if(!popular_auction, last - oldest + 1 + kLead);
  bid.auction = kFirstId + static_cast<std::int64_t>(
                               either(popular_auction, last / kHotStride * kHotStride, oldest + open));
  const bool popular_bidder = draws.below(4) > 0;
  const ActivePeople active(n, crowd_);
  const std::uint64_t someone = draws.below_if(!popular_bidder, active.count + kLead);
  bid.bidder = kFirstId + static_cast<std::int64_t>(
                              either(popular_bidder, popular_person(n) + 1, active.first + someone));
  bid.price = price(draws);
  const bool popular_channel = draws.below(2) > 0;
  const std::uint64_t channel_bound = either(popular_channel, Texts::kPopularChannels, kOtherChannels);
  const Texts::Channel& channel =
      texts_->channels[draws.below(channel_bound) + either(popular_channel, 0, Texts::kPopularChannels)];
  bid.channel = channel.name;
  bid.url = channel.url;
  bid.dateTime = clock_.at(n);
  bid.extra = filling(draws, 32, 100);
}

std::string_view Generator::letters(Draws& draws, std::uint64_t size) const {
  return {texts_->pool.data() + draws.below(kPoolSize - size), size};
}

std::string_view Generator::filling(Draws& draws, std::uint64_t size, std::uint64_t average) const {
  if (size >= average) return {};
  const std::uint64_t missing = average - size, spread = missing / 5;
  return letters(draws, missing - spread + (spread > 0 ? draws.below(2 * spread) : 0));
}

Event GeneratedEvents::operator()(std::uint64_t n, std::uint64_t seed, weir::Arena& arena) const {
  // The table of a thread's last seed at hand: a job has one seed.
  thread_local std::uint64_t known_seed = 0;
  thread_local std::optional<Generator> generator;
  if (!generator || known_seed != seed) {
    generator.emplace(seed, clock, crowd);
    known_seed = seed;
  }
  return generator->event(n, arena);
}

}  // namespace nexmark
