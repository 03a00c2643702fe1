package weir.nexmark;

import java.util.Set;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.connector.source.ScanTableSource;
import org.apache.flink.table.connector.source.SourceProvider;
import org.apache.flink.table.factories.DynamicTableSourceFactory;
import org.apache.flink.table.factories.FactoryUtil;

/** 'connector' = 'generated-events': the generator as a table of SQL. */
public final class GeneratedTableFactory implements DynamicTableSourceFactory {
  private static final ConfigOption<Long> RATE = ConfigOptions.key("rate").longType().noDefaultValue();

  @Override
  public String factoryIdentifier() {
    return "generated-events";
  }

  @Override
  public Set<ConfigOption<?>> requiredOptions() {
    return Set.of(RATE);
  }

  @Override
  public Set<ConfigOption<?>> optionalOptions() {
    return Set.of();
  }

  @Override
  public DynamicTableSource createDynamicTableSource(Context context) {
    FactoryUtil.TableFactoryHelper options = FactoryUtil.createTableFactoryHelper(this, context);
    options.validate();
    return new GeneratedTable(options.getOptions().get(RATE));
  }

  private record GeneratedTable(long rate) implements ScanTableSource {
    @Override
    public ChangelogMode getChangelogMode() {
      return ChangelogMode.insertOnly();
    }

    @Override
    public ScanRuntimeProvider getScanRuntimeProvider(ScanContext context) {
      return SourceProvider.of(new EventSource<>(rate, new RowConverter()));
    }

    @Override
    public DynamicTableSource copy() {
      return this;
    }

    @Override
    public String asSummaryString() {
      return "generated events";
    }
  }
}
