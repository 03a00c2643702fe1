auction BIGINT, bidder BIGINT, price STRING, `dateTime` BIGINT, extra STRING;

SELECT auction, bidder, CAST(CAST(0.908 * price AS DECIMAL(23, 3)) AS STRING), `dateTime`, extra FROM bid
