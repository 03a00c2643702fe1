package weir.nexmark;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** SQL from the resources of this program. */
final class SqlText {
  private SqlText() {}

  /** The statements of a file, without comments; ${name} stands for a value. */
  static List<String> statements(String file, Map<String, String> values) throws IOException {
    String text = read(file).replaceAll("(?m)^--.*$", "");
    for (Map.Entry<String, String> value : values.entrySet())
      text = text.replace("${" + value.getKey() + "}", value.getValue());
    return Arrays.stream(text.split(";")).map(String::strip).filter(s -> !s.isEmpty()).toList();
  }

  static boolean exists(String file) {
    return SqlText.class.getClassLoader().getResource(file) != null;
  }

  private static String read(String file) throws IOException {
    try (InputStream in = SqlText.class.getClassLoader().getResourceAsStream(file)) {
      if (in == null) throw new IllegalArgumentException("there is no " + file);
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }
}
