#!/usr/bin/env bash
# Runs all tests, or only the named parts: lint cpp model instructions sanitizers fuzz python js
# packages frameworks node-frameworks clients proxies browser. When a part fails, the others still
# run; the summary at the end shows the result of each.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

all=(lint cpp model instructions sanitizers fuzz python js packages frameworks node-frameworks
  clients proxies browser)
parts=("$@")
((${#parts[@]} > 0)) || parts=("${all[@]}")
for part in "${parts[@]}"; do
  [[ " ${all[*]} " == *" $part "* ]] || die "unknown part: $part (known: ${all[*]})"
done

bash scripts/setup.sh
cmake=$(find_cmake)
ctest=${cmake%cmake}ctest

run_lint() { bash scripts/lint.sh; }

# Runs the C++ tests of a preset; prints only the last lines, unless a test fails.
run_ctest() {
  local preset=$1 log=build/$1/ctest.log
  shift
  step "C++ tests: $preset"
  if "$@" "$ctest" --preset "$preset" >"$log" 2>&1; then
    tail -n 3 "$log"
  else
    cat "$log"
    return 1
  fi
}

run_cpp() { run_ctest release; }

run_model() {
  # Only root can install spin; without it the tests report that they are skipped.
  ((EUID != 0)) || bash scripts/packages.sh spin
  timeout -k 10 600 node --test --test-reporter=spec test/model/*.test.js
}

run_instructions() {
  node --test --test-reporter=spec test/instructions/*.test.js
  # Only root can install valgrind; without it the script reports that it is skipped.
  ((EUID != 0)) || bash scripts/packages.sh valgrind
  timeout -k 10 300 node test/instructions/instructions.js
}

run_sanitizers() {
  local bits status=0 fixed=()
  # gcc's ThreadSanitizer cannot map its shadow memory if the kernel randomises more than 28 bits of
  # an address. Only root can read the number of bits.
  bits=$(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 32)
  if ((bits > 28)) && setarch "$(uname -m)" --addr-no-randomize true 2>/dev/null; then
    fixed=(setarch "$(uname -m)" --addr-no-randomize)
  fi
  bash scripts/build.sh asan-ubsan
  run_ctest asan-ubsan || status=1
  bash scripts/build.sh tsan
  run_ctest tsan "${fixed[@]}" || status=1
  return "$status"
}

run_fuzz() {
  # Only root can install clang; without it the script reports that it is skipped.
  ((EUID != 0)) || bash scripts/packages.sh clang "$(fuzzer_runtime)"
  # The properties run in the parts js and python, with the same inputs each time.
  timeout -k 10 600 node test/fuzz/run.js --seconds 10 \
    control frame head passing ring scope streams
}

# The package with the runtime of libFuzzer, for the version that the package clang depends on.
fuzzer_runtime() {
  apt-cache depends clang | sed -n 's/^ *Depends: clang-\([0-9]\+\)$/libclang-rt-\1-dev/p'
}

# The properties use one processor; the other tests wait most of the time.
run_python() {
  local status=0 log=build/properties.log
  timeout -k 10 600 .venv/bin/python -m pytest -q test/fuzz >"$log" 2>&1 &
  timeout -k 10 600 .venv/bin/python -m pytest -q test/worker || status=1
  wait "$!" || status=1
  cat "$log"
  return "$status"
}

# Runs the JavaScript tests below some folders, that many files at a time.
run_node_tests() {
  local at_a_time=$1 files
  shift
  mapfile -d '' files < <(
    find "$@" -name node_modules -prune -o -name '.?*' -prune -o -name '*.test.js' -print0 | sort -z
  )
  ((${#files[@]} > 0)) || die "no JavaScript tests found in $*"
  timeout -k 10 1200 node --test --test-reporter=spec --test-concurrency="$at_a_time" "${files[@]}"
}

run_js() {
  local status=0
  # Most of these wait most of the time.
  run_node_tests "$(($(nproc) + 1))" test/addon test/bench test/docs test/fuzz test/integration \
    test/platforms || status=1
  # These use the whole machine.
  run_node_tests 1 test/chaos test/soak || status=1
  return "$status"
}

run_packages() {
  package_here >/dev/null
  run_node_tests 2 test/packages
}

run_frameworks() {
  bash test/frameworks/setup.sh
  run_node_tests 1 test/frameworks
}

run_node-frameworks() {
  bash test/node-frameworks/setup.sh
  run_node_tests "$(nproc)" test/node-frameworks
}

run_clients() {
  bash test/clients/setup.sh
  run_node_tests 1 test/clients
}

run_proxies() { bash test/proxies/run.sh; }

run_browser() {
  # Only root can install chromium; without a browser the test reports that it is skipped.
  ((EUID != 0)) || bash scripts/packages.sh chromium
  timeout -k 10 300 node --test --test-reporter=spec test/browser/*.test.js
}

passed=0 failed=0 summary=()
for part in "${parts[@]}"; do
  step "Tests: $part"
  started=$SECONDS
  # Not "run_x || …", which would disable errexit inside the part.
  set +e
  (set -e && "run_$part")
  status=$?
  set -e
  if ((status == 0)); then
    passed=$((passed + 1)) word=passed
  else
    failed=$((failed + 1)) word=FAILED
  fi
  summary+=("$(printf '%-15s %s  %4d s' "$part" "$word" $((SECONDS - started)))")
done

step 'Summary'
printf '    %s\n' "${summary[@]}"
printf 'parts: %d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
