package weir.nexmark;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToLongFunction;
import org.apache.flink.api.common.functions.AggregateFunction;

/** All rows that share the largest number. */
final class Largest<T> implements AggregateFunction<T, List<T>, List<T>> {
  private static final long serialVersionUID = 1;

  interface Number<T> extends ToLongFunction<T>, Serializable {}

  private final Number<T> number;

  Largest(Number<T> number) {
    this.number = number;
  }

  @Override
  public List<T> createAccumulator() {
    return new ArrayList<>(1);
  }

  @Override
  public List<T> add(T row, List<T> rows) {
    if (!rows.isEmpty()) {
      long best = number.applyAsLong(rows.get(0));
      long mine = number.applyAsLong(row);
      if (mine < best) return rows;
      if (mine > best) rows = new ArrayList<>(1);
    }
    rows.add(row);
    return rows;
  }

  @Override
  public List<T> getResult(List<T> rows) {
    return rows;
  }

  @Override
  public List<T> merge(List<T> left, List<T> right) {
    List<T> rows = new ArrayList<>(left);
    for (T row : right) rows = add(row, rows);
    return rows;
  }
}
