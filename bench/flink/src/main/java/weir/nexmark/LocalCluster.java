package weir.nexmark;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.table.api.bridge.java.StreamTableEnvironment;

/** Flink within this process, with the settings of all measurements. */
final class LocalCluster {
  private LocalCluster() {}

  /** state=rocksdb|hashmap, parallelism=N, checkpoint-ms=N (0: none), scratch=DIR, managed=SIZE. */
  static StreamExecutionEnvironment environment(Arguments arguments) {
    String state = arguments.text("state", "rocksdb");
    String scratch = arguments.text("scratch");
    int parallelism = (int) arguments.number("parallelism", 1);
    long checkpoint = arguments.number("checkpoint-ms", 10_000);
    Configuration settings = new Configuration();
    settings.setString("taskmanager.memory.managed.size",
        state.equals("rocksdb") ? arguments.text("managed", "3g") : "64m");
    settings.setString("taskmanager.memory.network.min", "128m");
    settings.setString("taskmanager.memory.network.max", "128m");
    settings.setString("taskmanager.numberOfTaskSlots", Integer.toString(parallelism));
    settings.setString("rest.address", "127.0.0.1");
    settings.setString("rest.bind-address", "127.0.0.1");
    settings.setString("io.tmp.dirs", scratch);
    settings.setString("pipeline.object-reuse", "true");
    settings.setString("state.backend.type", state);
    settings.setString("state.backend.rocksdb.localdir", scratch + "/rocksdb");
    settings.setString("execution.checkpointing.incremental", "true");
    settings.setString("execution.checkpointing.dir", "file://" + scratch + "/checkpoints");
    settings.setString("execution.checkpointing.mode", "EXACTLY_ONCE");
    settings.setString("execution.checkpointing.tolerable-failed-checkpoints", "1000");
    if (checkpoint > 0) settings.setString("execution.checkpointing.interval", checkpoint + "ms");
    settings.setString("restart-strategy.type", "none");
    return StreamExecutionEnvironment.createLocalEnvironment(parallelism, settings);
  }

  /** mini-batch=true|false: rows wait for up to two seconds, so that a key's updates become one, as Nexmark's authors run it. */
  static StreamTableEnvironment tables(
      StreamExecutionEnvironment environment, Arguments arguments, String file, Map<String, String> values)
      throws IOException {
    StreamTableEnvironment tables = StreamTableEnvironment.create(environment);
    String miniBatch = arguments.text("mini-batch", "true");
    set(tables, "table.local-time-zone", "UTC");
    set(tables, "table.exec.mini-batch.enabled", miniBatch);
    if (miniBatch.equals("true")) {
      set(tables, "table.exec.mini-batch.allow-latency", "2s");
      set(tables, "table.exec.mini-batch.size", "50000");
    }
    set(tables, "table.optimizer.distinct-agg.split.enabled", "true");
    tables.createTemporarySystemFunction("count_char", CountCharacter.class);
    List<String> statements = SqlText.statements(file, values);
    for (String statement : statements) tables.executeSql(statement);
    return tables;
  }

  private static void set(StreamTableEnvironment tables, String key, String value) {
    tables.getConfig().set(key, value);
  }
}
