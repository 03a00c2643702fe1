-- The tables of Nexmark over a topic of JSON. Times are numbers there; results have them as they came.
CREATE TABLE events (
  event_type INT,
  person ROW<id BIGINT, name STRING, emailAddress STRING, creditCard STRING, city STRING, state STRING,
    `dateTime` BIGINT, extra STRING>,
  auction ROW<id BIGINT, itemName STRING, description STRING, initialBid BIGINT, reserve BIGINT, `dateTime` BIGINT,
    expires BIGINT, seller BIGINT, category BIGINT, extra STRING>,
  bid ROW<auction BIGINT, bidder BIGINT, price BIGINT, channel STRING, url STRING, `dateTime` BIGINT, extra STRING>,
  rowtime AS TO_TIMESTAMP_LTZ(
    CASE event_type WHEN 0 THEN person.`dateTime` WHEN 1 THEN auction.`dateTime` ELSE bid.`dateTime` END, 3),
  WATERMARK FOR rowtime AS rowtime - INTERVAL '4' SECOND
) WITH (
  'connector' = 'kafka', 'format' = 'json', 'topic' = '${input}', 'properties.bootstrap.servers' = '${brokers}',
  'properties.group.id' = '${output}', 'properties.isolation.level' = 'read_committed',
  'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');

CREATE VIEW person AS
SELECT person.id, person.name, rowtime FROM events WHERE event_type = 0;

CREATE VIEW auction AS
SELECT auction.id, auction.itemName, auction.description, auction.initialBid, auction.reserve, auction.`dateTime`,
  auction.expires, auction.seller, auction.category, auction.extra, rowtime
FROM events WHERE event_type = 1;

CREATE VIEW bid AS
SELECT bid.auction, bid.bidder, bid.price, bid.channel, bid.url, bid.`dateTime`, bid.extra, rowtime
FROM events WHERE event_type = 2;

CREATE TABLE results (${columns}) WITH (
  'connector' = 'kafka', 'format' = 'json', 'topic' = '${output}', 'properties.bootstrap.servers' = '${brokers}',
  'sink.delivery-guarantee' = 'exactly-once', 'sink.transactional-id-prefix' = '${output}',
  'properties.transaction.timeout.ms' = '600000', 'properties.compression.type' = '${compression}');
