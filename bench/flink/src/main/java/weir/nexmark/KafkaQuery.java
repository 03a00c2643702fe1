package weir.nexmark;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import javax.management.AttributeNotFoundException;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/**
 * A query from a topic to a topic, exactly once, until the end that the topic has now; prints a line of JSON.
 *
 * <p>query=q0 brokers=HOST:PORT input=TOPIC output=TOPIC compression=none state=rocksdb checkpoint-ms=10000
 * scratch=DIR. Besides the whole run, from
 * the job's submission on, it tells of the second half of the records, when what is hot has been compiled.
 */
public final class KafkaQuery {
  private record Sample(double wall, double cpu, double records) {}

  public static void main(String[] words) throws Exception {
    Arguments arguments = new Arguments(words);
    String query = arguments.text("query");
    List<String> parts = SqlText.statements("kafka/" + query + ".sql", Map.of());
    Map<String, String> values = Map.of("brokers", arguments.text("brokers"), "input", arguments.text("input"),
        "output", arguments.text("output"), "compression", arguments.text("compression", "none"), "columns", parts.get(0));
    StreamTableEnvironment tables =
        LocalCluster.tables(LocalCluster.environment(arguments), arguments, "kafka/events.sql", values);
    List<Sample> samples = new ArrayList<>();
    samples.add(new Sample(Usage.wallSeconds(), Usage.cpuSeconds(), 0));
    CompletableFuture<JobExecutionResult> end = tables.sqlQuery(parts.get(1)).executeInsert("results").getJobClient()
        .orElseThrow().getJobExecutionResult();
    while (!end.isDone()) {
      Thread.sleep(50);
      double records = Math.max(samples.get(samples.size() - 1).records, recordsRead());
      samples.add(new Sample(Usage.wallSeconds(), Usage.cpuSeconds(), records));
    }
    end.get(); // throws what the job has failed with
    print(arguments, samples);
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  private static void print(Arguments arguments, List<Sample> samples) throws Exception {
    Sample first = samples.get(0);
    Sample last = samples.get(samples.size() - 1);
    Sample half = firstWith(samples, last.records / 2);
    Sample read = firstWith(samples, last.records);
    double seconds = last.wall - first.wall;
    System.out.printf(Locale.ROOT,
        "{\"query\":\"%s\",\"state\":\"%s\",\"records\":%.0f,\"seconds\":%.2f,\"cpu_seconds\":%.2f,"
            + "\"records_per_second\":%.0f,\"records_per_core_second\":%.0f,\"second_half_records_per_second\":%.0f,"
            + "\"second_half_records_per_core_second\":%.0f,\"peak_rss_mib\":%.0f}%n",
        arguments.text("query"), arguments.text("state", "rocksdb"), last.records, seconds, last.cpu - first.cpu,
        last.records / seconds, last.records / (last.cpu - first.cpu),
        (read.records - half.records) / (read.wall - half.wall),
        (read.records - half.records) / (read.cpu - half.cpu), Usage.peakMebibytes());
  }

  private static Sample firstWith(List<Sample> samples, double records) {
    return samples.stream().filter(sample -> sample.records >= records).findFirst().orElseThrow();
  }

  /** What Kafka's consumers of this process say that they have handed over. */
  private static double recordsRead() throws JMException {
    MBeanServer server = ManagementFactory.getPlatformMBeanServer();
    double records = 0;
    for (ObjectName name :
        server.queryNames(new ObjectName("kafka.consumer:type=consumer-fetch-manager-metrics,client-id=*"), null)) {
      try {
        records += (Double) server.getAttribute(name, "records-consumed-total");
      } catch (InstanceNotFoundException | AttributeNotFoundException unready) {
        continue; // a consumer that is being made or closed
      }
    }
    return records;
  }
}
