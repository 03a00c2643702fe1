package weir.nexmark;

/** One event, reused for the next. Which fields hold something follows from the kind. */
class GeneratedEvent {
  static final int PERSON = 0;
  static final int AUCTION = 1;
  static final int BID = 2;

  int kind;
  long time;
  final Text extra = new Text();

  long id; // of a person or an auction

  final Text name = new Text();
  final Text email = new Text();
  final Text creditCard = new Text();
  final Text city = new Text();
  final Text state = new Text();

  final Text itemName = new Text();
  final Text description = new Text();
  long initialBid;
  long reserve;
  long expires;
  long seller;
  long category;

  long auction;
  long bidder;
  long price;
  final Text channel = new Text();
  final Text url = new Text();

  /** As `nexmark generate` writes it. */
  String json() {
    switch (kind) {
      case PERSON:
        return "{\"event_type\":0,\"person\":{\"id\":" + id + ",\"name\":\"" + name + "\",\"emailAddress\":\"" + email
            + "\",\"creditCard\":\"" + creditCard + "\",\"city\":\"" + city + "\",\"state\":\"" + state
            + "\",\"dateTime\":" + time + ",\"extra\":\"" + extra + "\"}}";
      case AUCTION:
        return "{\"event_type\":1,\"auction\":{\"id\":" + id + ",\"itemName\":\"" + itemName + "\",\"description\":\""
            + description + "\",\"initialBid\":" + initialBid + ",\"reserve\":" + reserve + ",\"dateTime\":" + time
            + ",\"expires\":" + expires + ",\"seller\":" + seller + ",\"category\":" + category + ",\"extra\":\""
            + extra + "\"}}";
      default:
        return "{\"event_type\":2,\"bid\":{\"auction\":" + auction + ",\"bidder\":" + bidder + ",\"price\":" + price
            + ",\"channel\":\"" + channel + "\",\"url\":\"" + url + "\",\"dateTime\":" + time + ",\"extra\":\""
            + extra + "\"}}";
    }
  }
}
