WITH counted AS (
  SELECT auction, COUNT(*) AS num, window_start AS starttime, window_end AS endtime
  FROM TABLE(HOP(TABLE bid, DESCRIPTOR(`dateTime`), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
  GROUP BY auction, window_start, window_end
)
SELECT C.auction, C.num, C.starttime, C.endtime
FROM counted C
JOIN (SELECT MAX(num) AS most, starttime, endtime FROM counted GROUP BY starttime, endtime) M
ON C.starttime = M.starttime AND C.endtime = M.endtime AND C.num >= M.most
