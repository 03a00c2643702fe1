auction BIGINT, num BIGINT, starttime BIGINT, endtime BIGINT;

WITH counted AS (
  SELECT auction, COUNT(*) AS num, window_start AS starttime, window_end AS endtime
  FROM TABLE(HOP(TABLE bid, DESCRIPTOR(rowtime), INTERVAL '2' SECOND, INTERVAL '10' SECOND))
  GROUP BY auction, window_start, window_end
)
SELECT C.auction, C.num, 1000 * UNIX_TIMESTAMP(DATE_FORMAT(C.starttime, 'yyyy-MM-dd HH:mm:ss')),
  1000 * UNIX_TIMESTAMP(DATE_FORMAT(C.endtime, 'yyyy-MM-dd HH:mm:ss'))
FROM counted C
JOIN (SELECT MAX(num) AS most, starttime, endtime FROM counted GROUP BY starttime, endtime) M
ON C.starttime = M.starttime AND C.endtime = M.endtime AND C.num >= M.most
