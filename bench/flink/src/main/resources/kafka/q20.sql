auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, bid_dateTime BIGINT, bid_extra STRING,
itemName STRING, description STRING, initialBid BIGINT, reserve BIGINT, auction_dateTime BIGINT, expires BIGINT,
seller BIGINT, category BIGINT, auction_extra STRING;

SELECT B.auction, B.bidder, B.price, B.channel, B.url, B.`dateTime`, B.extra, A.itemName, A.description, A.initialBid,
  A.reserve, A.`dateTime`, A.expires, A.seller, A.category, A.extra
FROM bid B JOIN auction A ON B.auction = A.id
WHERE A.category = 10
