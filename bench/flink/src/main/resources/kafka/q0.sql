auction BIGINT, bidder BIGINT, price BIGINT, `dateTime` BIGINT, extra STRING;

SELECT auction, bidder, price, `dateTime`, extra FROM bid
