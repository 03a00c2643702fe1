#!/usr/bin/env bash
# Installs a build into a prefix of its own, moves it, and builds and runs a foreign project with it: once by
# find_package, once by pkg-config.
#
#   tests/install/run.sh BUILD_DIR
set -euo pipefail

build=$(cd "$1" && pwd)
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scratch=$(mktemp -d -t weir-install.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

fail() { printf 'install: %s\n' "$*" >&2; exit 1; }
quietly() { "$@" >"$scratch/log" 2>&1 || { tail -n 40 "$scratch/log" >&2; fail "failed: $*"; }; }

quietly cmake --install "$build" --prefix "$scratch/first"
mv "$scratch/first" "$scratch/prefix"  # a package that remembers where it was installed fails from here on

# Every public header of every room is there, and nothing else of weir's.
root=$(dirname "$(dirname "$here")")
diff <(cd "$root" && find include ./*/include -name '*.hpp' | sed 's|.*include/weir/||' | sort) \
     <(cd "$scratch/prefix/include/weir" && find . -type f | sed 's|^\./||' | sort) ||
  fail "the installed headers (right) are not the rooms' public headers (left)"
if grep -rlF -e "$build" -e "$scratch/first" "$scratch/prefix" --include='*.cmake' --include='*.pc'; then
  fail "these files name a directory of the machine that built them"
fi

# What docs/installing.md names besides.
for file in share/doc/weir/LICENSE:LICENSE share/weir/prometheus/alerts.yml:deploy/prometheus/alerts.yml \
            share/weir/grafana/dashboards/weir.json:deploy/grafana/dashboards/weir.json \
            share/weir/grafana/provisioning/dashboards/weir.yml:deploy/grafana/provisioning/dashboards/weir.yml \
            share/weir/grafana/provisioning/datasources/prometheus.yml:deploy/grafana/provisioning/datasources/prometheus.yml; do
  cmp "$scratch/prefix/${file%%:*}" "$root/${file#*:}" || fail "${file%%:*} is not installed as it is in the project"
done

check() {  # check HOW PROGRAM
  local output
  output=$("$2" run --http off --state-dir "$scratch/$1/state" --checkpoint-dir "$scratch/$1/checkpoints" 2>"$scratch/log") ||
    { cat "$scratch/log" >&2; fail "built by $1, the foreign project ended with an error"; }
  diff "$here/foreign_project/expected.txt" <(LC_ALL=C sort <<<"$output") || fail "built by $1, the foreign project printed something else"
}

quietly cmake -G Ninja -S "$here/foreign_project" -B "$scratch/by_cmake" -DCMAKE_PREFIX_PATH="$scratch/prefix" -DCMAKE_BUILD_TYPE=Debug
quietly cmake --build "$scratch/by_cmake"
check find_package "$scratch/by_cmake/foreign"

PKG_CONFIG_PATH=$(dirname "$(find "$scratch/prefix" -name weir.pc)")
export PKG_CONFIG_PATH
version=$(pkg-config --modversion weir)
expected=$(sed -n 's/^project(weir VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
[ "$version" = "$expected" ] || fail "weir.pc says version $version, the project is $expected"
# shellcheck disable=SC2046  # the answers of pkg-config are lists of words
quietly "${CXX:-c++}" -O1 $(pkg-config --cflags weir) "$here/foreign_project/main.cpp" -o "$scratch/foreign" $(pkg-config --libs weir)
check pkg-config "$scratch/foreign"
echo "the foreign project builds and runs, by find_package and by pkg-config"
