// Updates a second of state by key, a read and a write each, by Zipf's law and uniform: RocksDB by itself, weir's tables and a whole pipeline (generator →
// key_by → process), all within a tenth of the state's size; and a bare hash map, weir's tables and a pipeline with all in memory. One
// process, one worker; what RocksDB folds together behind is in the CPU time.
//
//   build/release/bench/state_updates --keys 10000000

#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <CLI/CLI.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <weir/operators/pipeline.hpp>
#include <weir/operators/process.hpp>
#include <weir/runtime/real_environment.hpp>
#include <weir/state/keyed_table.hpp>

#include "measured_runs.hpp"
#include "state_phases.hpp"

namespace {

using weir::bench::Kept;
using weir::bench::PartTimes;
using weir::bench::UpdateKeys;

constexpr std::size_t kBytesAKey = sizeof(std::uint64_t) + sizeof(Kept);
constexpr std::size_t kBatch = 1024;

struct Setup {
  std::filesystem::path scratch;
  std::size_t memory = 0;  ///< of the runs that have not room for all
};

void check(const rocksdb::Status& status) {
  if (status.ok()) return;
  fmt::print(stderr, "{}\n", status.ToString());
  std::exit(1);
}

/// As someone would set it up who keeps state in RocksDB alone: no log, filters, half of the memory for blocks and half for what is being
/// written, indices and filters within the cache.
std::unique_ptr<rocksdb::DB> open_rocksdb(const Setup& setup) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.IncreaseParallelism(2);
  options.write_buffer_size = setup.memory / 4;
  options.max_write_buffer_number = 2;
  options.compression = rocksdb::kLZ4Compression;
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = rocksdb::NewLRUCache(setup.memory / 2);
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.format_version = 5;
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.cache_index_and_filter_blocks = true;
  table.cache_index_and_filter_blocks_with_high_priority = true;
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  rocksdb::DB* db = nullptr;
  check(rocksdb::DB::Open(options, setup.scratch / "rocksdb", &db));
  return std::unique_ptr<rocksdb::DB>(db);
}

PartTimes run_rocksdb(const UpdateKeys& keys, const Setup& setup) {
  std::filesystem::create_directories(setup.scratch);
  const auto db = open_rocksdb(setup);
  rocksdb::WriteOptions write;
  write.disableWAL = true;
  PartTimes times(keys);
  rocksdb::PinnableSlice found;
  for (std::size_t n = 0; n < keys.ranks.size();) {
    const std::uint64_t key = keys.key(n);
    const rocksdb::Slice name(reinterpret_cast<const char*>(&key), sizeof key);
    Kept kept;
    if (n >= keys.ends[UpdateKeys::kLoad]) {
      check(db->Get({}, db->DefaultColumnFamily(), name, &found));
      std::memcpy(&kept, found.data(), sizeof kept);
      found.Reset();
    }
    kept.update(n);
    check(db->Put(write, name, {reinterpret_cast<const char*>(&kept), sizeof kept}));
    times.done(++n);
  }
  return times;
}

PartTimes run_map(const UpdateKeys& keys) {
  boost::unordered_flat_map<std::uint64_t, Kept> map;
  PartTimes times(keys);
  for (std::size_t n = 0; n < keys.ranks.size();) {
    map[keys.key(n)].update(n);
    times.done(++n);
  }
  return times;
}

struct Place {
  std::uint64_t hash;
  std::uint64_t key;
};

/// The room `state` by itself, used as an operator uses it: a batch's keys are read ahead, and memory is looked after behind each batch.
PartTimes run_table(const UpdateKeys& keys, const Setup& setup, weir::StateMode mode) {
  const auto backend = weir::make_rocksdb_backend({setup.scratch / "state", setup.memory / 4});
  weir::StateStore store(backend->create(0), mode, {0, weir::kDefaultMaxParallelism}, setup.memory / 2);
  const auto environment = weir::make_real_environment();
  weir::OperatorContext context;
  context.name = "updates";
  context.state = &store;
  context.environment = environment.get();
  weir::OperatorStates states(context);
  weir::KeyedTable<std::uint64_t, weir::Owned<Kept>> table(states, "kept");
  PartTimes times(keys);
  std::vector<Place> batch;
  for (std::size_t begin = 0; begin < keys.ranks.size(); begin += kBatch) {
    batch.clear();
    const std::size_t end = std::min(keys.ranks.size(), begin + kBatch);
    for (std::size_t n = begin; n < end; ++n) batch.push_back({weir::hash_key(keys.key(n)), keys.key(n)});
    table.fetch(batch);
    for (std::size_t n = begin; n < end; ++n) {
      const Place& place = batch[n - begin];
      table.edit(place.hash, place.key).edit().update(n);
    }
    states.settle();
    times.done(end);
  }
  return times;
}

struct Update {
  std::uint64_t key;
  std::uint64_t n;
};
BOOST_DESCRIBE_STRUCT(Update, (), (key, n))

struct Count {
  PartTimes* times;
  weir::ValueState<Kept> kept{"kept"};
  auto states() { return std::tie(kept); }
  void process(const Update& update, weir::KeyedContext<std::uint64_t, Update>&) {
    kept.edit().update(update.n);
    times->done(update.n + 1);
  }
};

PartTimes run_pipeline(const UpdateKeys& keys, const Setup& setup, weir::StateMode mode) {
  PartTimes times(keys);
  const auto graph = [&] {
    weir::Pipeline pipeline("state-updates");
    pipeline.source<Update>("updates")
        .generated_by([&keys](std::uint64_t n, std::uint64_t) {
          return Update{keys.key(n), n};
        })
        .key_by(&Update::key)
        .process<Update>("count", Count{&times})
        .sink("none", "discard:");
    return pipeline.graph();
  };
  weir::JobOptions options = weir::bench::job_options({setup.scratch / "job", mode, std::nullopt, 1});
  options.memory_bytes = setup.memory;
  options.sources["updates"] = fmt::format("generator:?events={}&partitions=1", keys.ranks.size());
  weir::bench::measure(graph, options, keys.ranks.size(), 1);
  return times;
}

void print(const std::string& what, const PartTimes& times, const PartTimes* against) {
  const auto shown = [&](UpdateKeys::Part part) {
    const auto cost = times.of(part);
    std::string text = fmt::format("{:>10.0f} {:>8.0f}", cost.updates_a_second, cost.cpu_ns);
    const auto ratio = [&](double r) { return against ? fmt::format("{:>6.2f}", r) : std::string(6, ' '); };
    text += ratio(against ? cost.updates_a_second / against->of(part).updates_a_second : 0);
    return text + ratio(against ? against->of(part).cpu_ns / cost.cpu_ns : 0);
  };
  fmt::print("{:<26} | {} | {} | {:>10.0f}\n", what, shown(UpdateKeys::kZipf), shown(UpdateKeys::kUniform),
             times.of(UpdateKeys::kLoad).updates_a_second);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Updates a second of state by key");
  std::uint32_t keys = 10'000'000;
  std::size_t zipf = 2'000'000, uniform = 400'000, in_memory = 20'000'000;
  double share = 0.1;
  std::string scratch = (std::filesystem::temp_directory_path() / "weir-state-updates").string();
  app.add_option("--keys", keys, "of about a hundred bytes each");
  app.add_option("--zipf", zipf, "updates by Zipf's law where memory is short");
  app.add_option("--uniform", uniform, "uniform updates where memory is short");
  app.add_option("--in-memory", in_memory, "updates of each kind where all is in memory");
  app.add_option("--share", share, "of the state's size, what memory there is");
  app.add_option("--scratch", scratch, "directory for state; removed");
  CLI11_PARSE(app, argc, argv);
  Setup setup{scratch, static_cast<std::size_t>(share * keys * static_cast<double>(kBytesAKey))};
  std::filesystem::remove_all(setup.scratch);
  fmt::print(
      "{} keys of {} bytes, {} MiB of memory in the first three lines; ratios to the first line of each "
      "block, by wall and by CPU\n",
      keys, kBytesAKey, setup.memory >> 20);
  fmt::print("{:<26} | {:^31} | {:^31} | {:>10}\n{:<26} | {} | {} |\n", "", "Zipf(1.0): updates/s, CPU ns",
             "uniform: updates/s, CPU ns", "load/s", "", std::string(31, ' '), std::string(31, ' '));
  {
    const UpdateKeys short_of_memory(keys, zipf, uniform);
    const PartTimes raw = run_rocksdb(short_of_memory, setup);
    std::filesystem::remove_all(setup.scratch);
    print("RocksDB, get + put", raw, nullptr);
    print("weir, table", run_table(short_of_memory, setup, weir::StateMode::kRocksDb), &raw);
    print("weir, pipeline", run_pipeline(short_of_memory, setup, weir::StateMode::kRocksDb), &raw);
  }
  setup.memory = std::size_t{8} << 30;
  const UpdateKeys all(keys, in_memory, in_memory);
  const PartTimes map = run_map(all);
  print("flat_map, all in memory", map, nullptr);
  print("weir, table, all in memory", run_table(all, setup, weir::StateMode::kRocksDb), &map);
  print("weir, pipeline, the same", run_pipeline(all, setup, weir::StateMode::kRocksDb), &map);
  std::filesystem::remove_all(setup.scratch);
}
