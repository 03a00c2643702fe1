#pragma once

/// Everything a pipeline needs. The only header that sees all rooms.
#include <weir/connectors/addresses.hpp>
#include <weir/connectors/http.hpp>
#include <weir/control/settings.hpp>
#include <weir/main.hpp>
#include <weir/operators/async.hpp>
#include <weir/operators/debezium.hpp>
#include <weir/operators/deduplicate.hpp>
#include <weir/operators/interval_join.hpp>
#include <weir/operators/iterate.hpp>
#include <weir/operators/lookup.hpp>
#include <weir/operators/partitioning.hpp>
#include <weir/operators/pattern.hpp>
#include <weir/operators/pipeline.hpp>
#include <weir/operators/route.hpp>
#include <weir/operators/sample.hpp>
#include <weir/operators/table.hpp>
#include <weir/operators/temporal_join.hpp>
#include <weir/operators/throttle.hpp>
#include <weir/operators/top_n.hpp>
#include <weir/operators/union.hpp>
#include <weir/operators/window_join.hpp>
