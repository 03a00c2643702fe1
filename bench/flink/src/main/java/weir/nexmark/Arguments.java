package weir.nexmark;

import java.util.HashMap;
import java.util.Map;

/** key=value words of a command line. */
final class Arguments {
  private final Map<String, String> values = new HashMap<>();

  Arguments(String[] words) {
    for (String word : words) {
      int end = word.indexOf('=');
      if (end < 1) throw new IllegalArgumentException("key=value is expected, not " + word);
      values.put(word.substring(0, end), word.substring(end + 1));
    }
  }

  String text(String key, String otherwise) {
    return values.getOrDefault(key, otherwise);
  }

  String text(String key) {
    String value = values.get(key);
    if (value == null) throw new IllegalArgumentException(key + "=… is missing");
    return value;
  }

  long number(String key, long otherwise) {
    return values.containsKey(key) ? Long.parseLong(values.get(key)) : otherwise;
  }
}
