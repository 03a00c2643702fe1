package weir.nexmark;

import static weir.nexmark.Text.ascii;

/** The events of weir's own generator, byte for byte: event n follows from the seed, the base, the rate and n alone. */
final class EventGenerator extends GeneratedEvent {
  static final long DEFAULT_SEED = 42;
  static final long DEFAULT_BASE = 1436918400000L;

  private static final int POOL = 1 << 16;
  private static final int OTHER_CHANNELS = 10_000;
  private static final int ROUND = 50; // events: a person, three auctions, bids
  private static final int AUCTIONS_OF_ROUND = 3;
  private static final int FIRST_ID = 1000;
  private static final int ACTIVE_PEOPLE = 1000;
  private static final int AUCTIONS_IN_FLIGHT = 100;
  private static final int LEAD = 10; // ids that do not exist yet may be named, too
  private static final int HOT_STRIDE = 100; // of so many one is popular
  private static final int EVENTS_OF_FLIGHT = 1666;

  private static final String[] FIRST_NAMES = {
    "Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie", "Sarah", "Deiter", "Walter"};
  private static final String[] LAST_NAMES = {
    "Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"};
  private static final byte[][] NAMES = names();
  private static final byte[][] CITIES = all("Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend",
      "Redmond", "Seattle", "Kent", "Cheyenne");
  private static final byte[][] STATES = all("AZ", "CA", "ID", "OR", "WA", "WY");
  private static final byte[][] POPULAR_CHANNELS = all("Google", "Facebook", "Baidu", "Apple");

  private final long base;
  private final long rate;
  private final long seed;
  private final Draws draws = new Draws();
  private final byte[] pool = new byte[POOL];
  private final byte[][] popularUrls = new byte[POPULAR_CHANNELS.length][];
  private final byte[][] otherChannels = new byte[OTHER_CHANNELS][];
  private final byte[][] otherUrls = new byte[OTHER_CHANNELS][];

  EventGenerator(long seed, long base, long rate) {
    this.seed = Draws.mix(seed);
    this.base = base;
    this.rate = rate;
    draws.begin(seed ^ 0x706F6F6CL);
    for (int i = 0; i < POOL; i++) pool[i] = letter();
    draws.begin(seed ^ 0x75726C73L);
    for (int i = 0; i < popularUrls.length; i++) popularUrls[i] = ascii(drawUrl());
    for (int i = 0; i < OTHER_CHANNELS; i++) {
      String address = drawUrl();
      if (draws.below(10) > 0) address += "&channel_id=" + (Integer.reverse(i) >>> 1);
      otherChannels[i] = ascii("channel-" + i);
      otherUrls[i] = ascii(address);
    }
  }

  /** Makes this event n. */
  void make(long n) {
    draws.begin(seed + n);
    time = timeOf(n);
    int inRound = (int) (n % ROUND);
    if (inRound > AUCTIONS_OF_ROUND) makeBid(n);
    else if (inRound > 0) makeAuction(n);
    else makePerson(n);
  }

  private void makePerson(long n) {
    kind = PERSON;
    id = FIRST_ID + n / ROUND;
    int first = draws.below(FIRST_NAMES.length);
    name.set(NAMES[first * LAST_NAMES.length + draws.below(LAST_NAMES.length)]);
    email.set(drawEmail());
    creditCard.set(drawCard());
    city.set(CITIES[draws.below(CITIES.length)]);
    state.set(STATES[draws.below(STATES.length)]);
    fill(8 + name.length + email.length + creditCard.length + city.length + state.length, 200);
  }

  private void makeAuction(long n) {
    kind = AUCTION;
    id = FIRST_ID + lastAuction(n);
    seller = FIRST_ID + (draws.below(4) > 0 ? popularPerson(n) : activePerson(n));
    category = 10 + draws.below(5);
    initialBid = drawPrice();
    long flight = timeOf(n + EVENTS_OF_FLIGHT) - time;
    expires = time + 1 + draws.below((int) Math.max(2 * flight, 1));
    drawLetters(itemName, 3 + draws.below(17));
    drawLetters(description, 3 + draws.below(97));
    reserve = initialBid + drawPrice();
    fill(48 + itemName.length + description.length, 500);
  }

  private void makeBid(long n) {
    kind = BID;
    long last = lastAuction(n);
    if (draws.below(2) > 0) {
      auction = FIRST_ID + last / HOT_STRIDE * HOT_STRIDE;
    } else {
      long oldest = Math.max(last - AUCTIONS_IN_FLIGHT, 0);
      auction = FIRST_ID + oldest + draws.below((int) (last - oldest + 1 + LEAD));
    }
    bidder = FIRST_ID + (draws.below(4) > 0 ? popularPerson(n) + 1 : activePerson(n));
    price = drawPrice();
    if (draws.below(2) > 0) {
      int i = draws.below(POPULAR_CHANNELS.length);
      channel.set(POPULAR_CHANNELS[i]);
      url.set(popularUrls[i]);
    } else {
      int i = draws.below(OTHER_CHANNELS);
      channel.set(otherChannels[i]);
      url.set(otherUrls[i]);
    }
    fill(32, 100);
  }

  private long timeOf(long n) {
    return base + n * 1000 / rate;
  }

  private static long lastAuction(long n) {
    return n / ROUND * AUCTIONS_OF_ROUND + Math.min(n % ROUND, AUCTIONS_OF_ROUND) - 1;
  }

  private static long popularPerson(long n) {
    return n / ROUND / HOT_STRIDE * HOT_STRIDE;
  }

  private long activePerson(long n) {
    long people = n / ROUND + 1;
    long active = Math.min(people, ACTIVE_PEOPLE);
    return people - active + draws.below((int) active + LEAD);
  }

  private long drawPrice() {
    long octave = 100L << draws.below(20);
    return octave + ((octave * draws.below(1 << 20)) >> 20);
  }

  private byte[] drawEmail() {
    int user = 3 + draws.below(5);
    int userAt = draws.below(POOL - user);
    int host = 3 + draws.below(3);
    int hostAt = draws.below(POOL - host);
    byte[] address = new byte[user + 1 + host + 4];
    System.arraycopy(pool, userAt, address, 0, user);
    address[user] = '@';
    System.arraycopy(pool, hostAt, address, user + 1, host);
    System.arraycopy(DOT_COM, 0, address, user + 1 + host, DOT_COM.length);
    return address;
  }

  private static final byte[] DOT_COM = ascii(".com");

  private byte[] drawCard() {
    byte[] digits = new byte[19];
    for (int group = 0, at = 0; group < 4; group++) {
      if (group > 0) digits[at++] = ' ';
      int number = draws.below(10_000);
      for (int unit = 1000; unit > 0; unit /= 10) digits[at++] = (byte) ('0' + number / unit % 10);
    }
    return digits;
  }

  private String drawUrl() {
    StringBuilder address = new StringBuilder("https://www.nexmark.com/");
    for (int i = 0; i < 3; i++) {
      int length = 3 + draws.below(2);
      for (int k = 0; k < length; k++) address.append(draws.below(13) == 0 ? '_' : (char) letter());
      address.append('/');
    }
    return address.append("item.htm?query=1").toString();
  }

  private byte letter() {
    return (byte) ('a' + draws.below(26));
  }

  private void drawLetters(Text to, int length) {
    to.set(pool, draws.below(POOL - length), length);
  }

  /** As much text as is missing to `average`, more or less. */
  private void fill(int size, int average) {
    int missing = average - size;
    if (missing <= 0) {
      extra.set(pool, 0, 0);
      return;
    }
    int spread = missing / 5;
    drawLetters(extra, missing - spread + (spread > 0 ? draws.below(2 * spread) : 0));
  }

  private static byte[][] names() {
    byte[][] names = new byte[FIRST_NAMES.length * LAST_NAMES.length][];
    int at = 0;
    for (String first : FIRST_NAMES) for (String last : LAST_NAMES) names[at++] = ascii(first + " " + last);
    return names;
  }

  private static byte[][] all(String... texts) {
    byte[][] result = new byte[texts.length][];
    for (int i = 0; i < texts.length; i++) result[i] = ascii(texts[i]);
    return result;
  }
}
