package weir.nexmark;

import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Writes events into a topic as JSON, in their order: brokers=HOST:PORT topic=TOPIC events=N rate=R. */
public final class FillTopic {
  private static final int PARTITION = 0;

  public static void main(String[] words) {
    Arguments arguments = new Arguments(words);
    String topic = arguments.text("topic");
    EventGenerator event = new EventGenerator(
        EventGenerator.DEFAULT_SEED, EventGenerator.DEFAULT_BASE, arguments.number("rate", 100_000));
    Map<String, Object> settings = Map.of("bootstrap.servers", arguments.text("brokers"), "linger.ms", 20,
        "batch.size", 1 << 18, "buffer.memory", 1L << 26, "acks", "all", "enable.idempotence", true);
    try (KafkaProducer<byte[], byte[]> producer =
        new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
      long events = arguments.number("events", 1_000_000);
      for (long n = 0; n < events; n++) {
        event.make(n);
        producer.send(new ProducerRecord<>(topic, PARTITION, null, Text.ascii(event.json())), (written, failure) -> {
          if (failure == null) return;
          System.err.println(failure);
          Runtime.getRuntime().halt(1);
        });
      }
    }
  }
}
