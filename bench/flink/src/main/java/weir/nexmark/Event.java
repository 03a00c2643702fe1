package weir.nexmark;

/** Events as Flink's DataStream programs have them. Public with public fields, so that Flink takes them as POJOs. */
public final class Event {
  public int kind;
  public Person person;
  public Auction auction;
  public Bid bid;

  public static final class Person {
    public long id;
    public String name;
    public String emailAddress;
    public String creditCard;
    public String city;
    public String state;
    public long dateTime;
    public String extra;
  }

  public static final class Auction {
    public long id;
    public String itemName;
    public String description;
    public long initialBid;
    public long reserve;
    public long dateTime;
    public long expires;
    public long seller;
    public long category;
    public String extra;
  }

  public static final class Bid {
    public long auction;
    public long bidder;
    public long price;
    public String channel;
    public String url;
    public long dateTime;
    public String extra;
  }

  long time() {
    if (bid != null) return bid.dateTime;
    return auction != null ? auction.dateTime : person.dateTime;
  }
}
