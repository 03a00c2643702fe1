SELECT B.auction, B.bidder, B.price, B.`dateTime`, B.extra
FROM bid B
JOIN (
  SELECT MAX(price) AS highest, window_end
  FROM TABLE(TUMBLE(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '10' SECOND))
  GROUP BY window_start, window_end
) M
ON B.price = M.highest
WHERE B.`dateTime` BETWEEN M.window_end - INTERVAL '10' SECOND AND M.window_end
