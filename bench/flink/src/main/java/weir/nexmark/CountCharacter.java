package weir.nexmark;

import org.apache.flink.table.functions.ScalarFunction;

/** count_char(text, character) of q14. */
public final class CountCharacter extends ScalarFunction {
  private static final long serialVersionUID = 1;

  public long eval(String text, String character) {
    char wanted = character.charAt(0);
    long found = 0;
    for (int i = 0; i < text.length(); i++) if (text.charAt(i) == wanted) found++;
    return found;
  }
}
