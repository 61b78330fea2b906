#!/usr/bin/env bash
# Runs all tests, or only the named parts: lint cpp model instructions sanitizers fuzz packages
# python js frameworks node-frameworks clients remote observability debugging proxies scale browser.
# When a part fails, the others still run; the summary at the end shows the result of each.
#
# Some parts compute all the time, and others mostly wait. When both kinds are asked for, the first
# run in the background at a low priority, one after the other; their output follows at the end.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

computing=(lint cpp model instructions sanitizers fuzz packages)
waiting=(python js frameworks node-frameworks clients remote observability debugging proxies scale
  browser)
all=("${computing[@]}" "${waiting[@]}")
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
  node --test --test-reporter=spec test/instructions/*.test.js test/system-calls/*.test.js
  # Only root can install valgrind and strace; without them the scripts report that they are
  # skipped.
  ((EUID != 0)) || bash scripts/packages.sh valgrind strace
  timeout -k 10 300 node test/instructions/instructions.js
  timeout -k 10 60 node test/system-calls/system-calls.js
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

run_remote() {
  bash test/remote/setup.sh
  run_node_tests 1 test/remote
}

run_debugging() {
  bash test/debugging/setup.sh
  run_node_tests "$(nproc)" test/debugging
}

run_observability() {
  # Only root can install Prometheus; without it the test reports that it is skipped.
  ((EUID != 0)) || bash scripts/packages.sh prometheus
  bash test/observability/setup.sh
  run_node_tests 1 test/observability
}

run_proxies() { bash test/proxies/run.sh; }

# Briefly, and only what is installed; test/scale/run.sh installs it, and takes its time.
run_scale() {
  ((EUID != 0)) || bash scripts/packages.sh haproxy prometheus iproute2
  run_node_tests 1 test/scale
}

run_browser() {
  # Only root can install chromium; without a browser the test reports that it is skipped.
  ((EUID != 0)) || bash scripts/packages.sh chromium
  timeout -k 10 300 node --test --test-reporter=spec test/browser/*.test.js
}

logs=build/parts
mkdir -p "$logs"

# Runs a part and notes its result, which print_result shows.
run_part() {
  local part=$1 started=$SECONDS status word=passed
  # Not "run_x || …", which would disable errexit inside the part.
  set +e
  (set -e && "run_$part")
  status=$?
  set -e
  ((status == 0)) || word=FAILED
  printf '%-15s %s  %4d s\n' "$part" "$word" $((SECONDS - started)) >"$logs/$part.result"
}

in_background=() in_foreground=()
for part in "${parts[@]}"; do
  rm -f "$logs/$part.result"
  if [[ " ${computing[*]} " == *" $part "* ]]; then
    in_background+=("$part")
  else
    in_foreground+=("$part")
  fi
done
if ((${#in_foreground[@]} == 0)); then
  in_foreground=("${in_background[@]}")
  in_background=()
fi

if ((${#in_background[@]} > 0)); then
  step "In the background: ${in_background[*]}"
  set -m # a process group of its own, which can be ended as a whole
  (
    renice -n 19 "$BASHPID" >/dev/null
    for part in "${in_background[@]}"; do run_part "$part" >"$logs/$part.log" 2>&1; done
  ) &
  background=$!
  set +m
  trap 'kill -- "-$background" 2>/dev/null' EXIT
fi
for part in "${in_foreground[@]}"; do
  step "Tests: $part"
  run_part "$part"
done
if ((${#in_background[@]} > 0)); then
  step 'Waiting for the parts in the background'
  wait "$background"
  trap - EXIT
  for part in "${in_background[@]}"; do
    step "Tests: $part"
    cat "$logs/$part.log"
  done
fi

passed=0 failed=0
step 'Summary'
for part in "${parts[@]}"; do
  result=$(cat "$logs/$part.result")
  printf '    %s\n' "$result"
  if [[ $result == *' passed '* ]]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
printf 'parts: %d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
