package weir.nexmark;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.LookupTableSource;
import org.apache.flink.table.connector.source.lookup.LookupFunctionProvider;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.functions.FunctionContext;
import org.apache.flink.table.functions.LookupFunction;

/** 'connector' = 'side-input': what q13 looks up, in memory. Every tenth of the ten thousand keys is missing. */
public final class SideInputFactory implements DynamicTableSourceFactory {
  private static final int KEYS = 10_000;

  @Override
  public String factoryIdentifier() {
    return "side-input";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of();
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of();
  }

  @Override
  public DynamicTableSource createDynamicTableSource(Context context) {
    return new SideInput();
  }

  private static final class SideInput implements LookupTableSource {
    @Override
    public LookupRuntimeProvider getLookupRuntimeProvider(LookupContext context) {
      return LookupFunctionProvider.of(new Lookup());
    }

    @Override
    public DynamicTableSource copy() {
      return this;
    }

    @Override
    public String asSummaryString() {
      return "side input";
    }
  }

  /** Public because Flink's generated code calls it. */
  public static final class Lookup extends LookupFunction {
    private static final long serialVersionUID = 1;
    private transient Map<Long, Collection<RowData>> rows;

    @Override
    public void open(FunctionContext context) {
      rows = new HashMap<>();
      for (long key = 0; key < KEYS; key++) {
        if (key % 10 == 7) continue;
        rows.put(key, List.of(GenericRowData.of(key, StringData.fromString("side-" + key * 7919 % 10007))));
      }
    }

    @Override
    public Collection<RowData> lookup(RowData key) {
      return rows.getOrDefault(key.getLong(0), List.of());
    }
  }
}
