package weir.nexmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.Table;
import org.apache.flink.table.api.TableDescriptor;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/**
 * Events a second through a query, from the generator to nowhere; prints a line of JSON.
 *
 * <p>query=q0 api=sql|datastream state=rocksdb|hashmap parallelism=1 seconds=24 warm-up=10 checkpoint-ms=10000 rate=100000
 * scratch=DIR. The warm-up is in CPU seconds, so that a busy machine does not shorten it. What is told is the whole of the seconds or
 * their second half, whichever is faster: compilation is over in the second half, but it may have more than its share of windows.
 */
public final class MeasureQuery {
  private static final double WARM_UP_AT_MOST = 75; // seconds, however little of the processor there is

  private record Sample(double wall, double cpu, double collecting, long events) {
    static Sample now() {
      return new Sample(
          Usage.wallSeconds(), Usage.cpuSeconds(), Usage.collectionSeconds(), EventSource.EMITTED.get());
    }
  }

  public static void main(String[] words) throws Exception {
    Arguments arguments = new Arguments(words);
    JobClient job = start(arguments);
    while (EventSource.EMITTED.get() == 0) pause(job);
    Sample first = Sample.now();
    double warmUp = arguments.number("warm-up", 10);
    while (Usage.cpuSeconds() - first.cpu < warmUp && Usage.wallSeconds() - first.wall < WARM_UP_AT_MOST) pause(job);
    Sample begin = Sample.now();
    double seconds = arguments.number("seconds", 24);
    while (Usage.wallSeconds() - begin.wall < seconds / 2) pause(job);
    Sample middle = Sample.now();
    while (Usage.wallSeconds() - begin.wall < seconds) pause(job);
    print(arguments, begin, middle, Sample.now());
    System.out.flush();
    Runtime.getRuntime().halt(0); // cancelling a job takes long, and the directory is thrown away
  }

  private static JobClient start(Arguments arguments) throws Exception {
    StreamExecutionEnvironment environment = LocalCluster.environment(arguments);
    String query = arguments.text("query");
    long rate = arguments.number("rate", 100_000);
    if (arguments.text("api", "sql").equals("datastream")) {
      StreamQueries.build(environment, query, rate);
      return environment.executeAsync();
    }
    Map<String, String> values = Map.of("rate", Long.toString(rate), "scratch", arguments.text("scratch"));
    StreamTableEnvironment tables = LocalCluster.tables(environment, arguments, "generated/events.sql", values);
    Table result = tables.sqlQuery(SqlText.statements("generated/" + query + ".sql", Map.of()).get(0));
    if (query.equals("q10")) return result.executeInsert("divided_files").getJobClient().orElseThrow();
    return result.insertInto(TableDescriptor.forConnector("blackhole").build()).execute().getJobClient().orElseThrow();
  }

  /** Waits a moment; ends with the cause when the job has failed. */
  private static void pause(JobClient job) throws Exception {
    Thread.sleep(20);
    if (!job.getJobStatus().get().isGloballyTerminalState()) return;
    job.getJobExecutionResult().get();
    throw new IllegalStateException("the job has ended");
  }

  private static double rate(Sample from, Sample to) {
    return (to.events - from.events) / (to.wall - from.wall);
  }

  private static void print(Arguments arguments, Sample begin, Sample middle, Sample end) throws Exception {
    Sample from = rate(middle, end) > rate(begin, end) ? middle : begin;
    double seconds = end.wall - from.wall;
    double cpu = end.cpu - from.cpu;
    double events = end.events - from.events;
    System.out.printf(Locale.ROOT,
        "{\"query\":\"%s\",\"api\":\"%s\",\"state\":\"%s\",\"parallelism\":%d,\"events_before\":%d,\"events\":%.0f,"
            + "\"seconds\":%.2f,\"events_per_second\":%.0f,\"halves_events_per_second\":[%.0f,%.0f],\"cpu_seconds\":%.2f,"
            + "\"events_per_core_second\":%.0f,\"collecting_seconds\":%.2f,\"peak_rss_mib\":%.0f,\"checkpoints\":%d}%n",
        arguments.text("query"), arguments.text("api", "sql"), arguments.text("state", "rocksdb"),
        arguments.number("parallelism", 1), from.events, events, seconds, events / seconds, rate(begin, middle),
        rate(middle, end), cpu, events / cpu, end.collecting - from.collecting, Usage.peakMebibytes(),
        checkpoints(Path.of(arguments.text("scratch"))));
  }

  /** The number of the last checkpoint that is complete. */
  private static long checkpoints(Path scratch) throws IOException {
    if (!Files.exists(scratch.resolve("checkpoints"))) return 0;
    try (Stream<Path> files = Files.find(scratch.resolve("checkpoints"), 3, (path, a) -> path.endsWith("_metadata"))) {
      return files.map(path -> path.getParent().getFileName().toString().replace("chk-", ""))
          .mapToLong(Long::parseLong).max().orElse(0);
    }
  }
}
