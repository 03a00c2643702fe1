package weir.nexmark;

import org.apache.flink.api.common.functions.AggregateFunction;

final class Count<T> implements AggregateFunction<T, Long, Long> {
  private static final long serialVersionUID = 1;

  @Override
  public Long createAccumulator() {
    return 0L;
  }

  @Override
  public Long add(T row, Long count) {
    return count + 1;
  }

  @Override
  public Long getResult(Long count) {
    return count;
  }

  @Override
  public Long merge(Long left, Long right) {
    return left + right;
  }
}
