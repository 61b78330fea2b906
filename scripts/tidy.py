"""Runs clang-tidy on the sources in build/release/compile_commands.json, in parallel.

A source that passed is remembered by a hash of everything that its result depends on (the command,
the text, the project headers that it includes, the checks, the tool), so a second run is quick.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIDY = ROOT / ".venv/bin/clang-tidy"
PASSED = ROOT / "build/.tidy"
INCLUDE = re.compile(rb'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def with_headers(source: Path, command: str) -> list[Path]:
    """The source and every header that it includes with "...", directly or not, each once."""
    folders = [Path(word[2:]) for word in shlex.split(command) if word.startswith("-I")]
    found = [source]
    for file in found:  # the list grows while it is iterated
        for name in INCLUDE.findall(file.read_bytes()):
            for folder in (file.parent, *folders):
                header = (folder / os.fsdecode(name)).resolve()
                if header.is_file():
                    if header not in found:
                        found.append(header)
                    break
    return found


def digest(source: Path, command: str, base: bytes) -> str:
    result = hashlib.sha256(base + command.encode())
    for file in with_headers(source, command):
        result.update(file.read_bytes())
    return result.hexdigest()


def tidy(source: Path) -> tuple[bool, str]:
    command = [TIDY, "-p", ROOT / "build/release", "--quiet", "--use-color=0", source]
    done = subprocess.run(command, capture_output=True, text=True)
    # stderr counts warnings in system headers; it matters only when stdout is empty.
    return done.returncode == 0, done.stdout if done.stdout else done.stderr


def main() -> int:
    commands = json.loads((ROOT / "build/release/compile_commands.json").read_text())
    version = subprocess.check_output([TIDY, "--version"])
    base = version + (ROOT / ".clang-tidy").read_bytes()
    PASSED.mkdir(parents=True, exist_ok=True)
    stamps: dict[Path, Path] = {}
    for entry in commands:
        source = (Path(entry["directory"]) / entry["file"]).resolve()
        command = entry.get("command") or shlex.join(entry["arguments"])
        if source.is_relative_to(ROOT) and not source.is_relative_to(ROOT / "build"):
            stamps.setdefault(source, PASSED / digest(source, command, base))
    todo = [source for source, stamp in stamps.items() if not stamp.exists()]
    print(f"    {len(todo)} of {len(stamps)} sources changed since they last passed", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, (passed, text) in zip(todo, pool.map(tidy, todo), strict=True):
            if passed:
                stamps[source].touch()
            else:
                failed += 1
                print(text, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
