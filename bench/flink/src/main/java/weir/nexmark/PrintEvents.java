package weir.nexmark;

import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Writes events as `nexmark generate` does, so that both generators can be compared: events=N rate=R. */
public final class PrintEvents {
  public static void main(String[] words) {
    Arguments arguments = new Arguments(words);
    EventGenerator event = new EventGenerator(
        EventGenerator.DEFAULT_SEED, EventGenerator.DEFAULT_BASE, arguments.number("rate", 100_000));
    long events = arguments.number("events", 1000);
    try (PrintStream out =
        new PrintStream(new BufferedOutputStream(System.out, 1 << 20), false, StandardCharsets.ISO_8859_1)) {
      for (long n = 0; n < events; n++) {
        event.make(n);
        out.print(event.json());
        out.print('\n');
      }
    }
  }
}
