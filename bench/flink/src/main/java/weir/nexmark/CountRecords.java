package weir.nexmark;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * How many committed records a topic has, and a digest of their values that does not depend on their order: brokers=HOST:PORT
 * topic=TOPIC.
 */
public final class CountRecords {
  public static void main(String[] words) {
    Arguments arguments = new Arguments(words);
    Map<String, Object> settings = Map.of("bootstrap.servers", arguments.text("brokers"), "isolation.level",
        "read_committed", "enable.auto.commit", false, "auto.offset.reset", "none", "max.poll.records", 5000,
        "max.partition.fetch.bytes", 1 << 23);
    try (KafkaConsumer<byte[], byte[]> consumer =
        new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
      List<TopicPartition> partitions = consumer.partitionsFor(arguments.text("topic")).stream()
          .map(info -> new TopicPartition(info.topic(), info.partition())).toList();
      consumer.assign(partitions);
      consumer.seekToBeginning(partitions);
      Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
      long records = 0;
      long bytes = 0;
      long digest = 0;
      while (partitions.stream().anyMatch(partition -> consumer.position(partition) < ends.get(partition))) {
        for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
          records++;
          bytes += record.value().length;
          digest += hash(record.value());
        }
      }
      System.out.printf("{\"records\":%d,\"bytes\":%d,\"digest\":\"%016x\"}%n", records, bytes, digest);
    }
  }

  /** FNV-1a, then mixed, because what is added up must differ in all bits. */
  private static long hash(byte[] value) {
    long hash = 0xCBF29CE484222325L;
    for (byte b : value) hash = (hash ^ (b & 0xFF)) * 0x100000001B3L;
    return Draws.mix(hash);
  }
}
