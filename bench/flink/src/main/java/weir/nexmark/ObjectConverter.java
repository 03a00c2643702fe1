package weir.nexmark;

/** Events as objects. */
final class ObjectConverter implements EventConverter<Event> {
  private static final long serialVersionUID = 1;

  @Override
  public Event convert(GeneratedEvent e) {
    Event event = new Event();
    event.kind = e.kind;
    switch (e.kind) {
      case GeneratedEvent.PERSON -> event.person = person(e);
      case GeneratedEvent.AUCTION -> event.auction = auction(e);
      default -> event.bid = bid(e);
    }
    return event;
  }

  private static Event.Person person(GeneratedEvent e) {
    Event.Person person = new Event.Person();
    person.id = e.id;
    person.name = e.name.toString();
    person.emailAddress = e.email.toString();
    person.creditCard = e.creditCard.toString();
    person.city = e.city.toString();
    person.state = e.state.toString();
    person.dateTime = e.time;
    person.extra = e.extra.toString();
    return person;
  }

  private static Event.Auction auction(GeneratedEvent e) {
    Event.Auction auction = new Event.Auction();
    auction.id = e.id;
    auction.itemName = e.itemName.toString();
    auction.description = e.description.toString();
    auction.initialBid = e.initialBid;
    auction.reserve = e.reserve;
    auction.dateTime = e.time;
    auction.expires = e.expires;
    auction.seller = e.seller;
    auction.category = e.category;
    auction.extra = e.extra.toString();
    return auction;
  }

  private static Event.Bid bid(GeneratedEvent e) {
    Event.Bid bid = new Event.Bid();
    bid.auction = e.auction;
    bid.bidder = e.bidder;
    bid.price = e.price;
    bid.channel = e.channel.toString();
    bid.url = e.url.toString();
    bid.dateTime = e.time;
    bid.extra = e.extra.toString();
    return bid;
  }
}
