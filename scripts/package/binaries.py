"""Checks the native files of a platform's package: what they need, what they show, and how they are
hardened. Prints each problem, and fails if there is one.

usage: binaries.py PLATFORM FOLDER, with build/toolchain on PYTHONPATH
"""

import re
import sys
from pathlib import Path

import lief
from abi3info import DATAS, FUNCTIONS

ROOT = Path(__file__).resolve().parents[2]
MUSL = ROOT / "build/toolchain/ziglang/lib/libc/musl/libc.S"
NODE_HEADERS = [
    ROOT / "node_modules/node-api-headers/include/js_native_api.h",
    ROOT / "node_modules/node-api-headers/include/node_api.h",
    ROOT / "build/toolchain/uv/uv.h",
]

MACHINES = {
    "linux-x64": lief.ELF.ARCH.X86_64,
    "linux-arm64": lief.ELF.ARCH.AARCH64,
    "darwin-x64": lief.MachO.Header.CPU_TYPE.X86_64,
    "darwin-arm64": lief.MachO.Header.CPU_TYPE.ARM64,
}
# The limits of cmake/zig.cmake.
MAX_GLIBC = (2, 28)
MAX_MACOS = (11, 0)
# The limited API that worker/CMakeLists.txt asks for.
MAX_PYTHON = (3, 10)

EXPORTS = {
    "node_asgi.node": {"napi_register_module_v1", "node_api_module_get_api_version_v1"},
    "_worker.abi3.so": {"PyInit__worker"},
}
LIBRARIES = {
    "gnu": r"lib(c|m|dl|pthread|rt)\.so\.\d|ld-linux-[\w-]+\.so\.\d",
    "musl": r"libc\.so",
    None: r"/usr/lib/libSystem\.B\.dylib",
}


def host_symbols(file):
    """What the program that loads a file is sure to have."""
    if file == "_worker.abi3.so":
        stable = [*FUNCTIONS.values(), *DATAS.values()]
        return {
            entry.symbol.name
            for entry in stable
            if (entry.added.major, entry.added.minor) <= MAX_PYTHON
        }
    declared = "".join(header.read_text() for header in NODE_HEADERS)
    return set(re.findall(r"\b(?:napi|node_api|uv)_\w+(?=\()", declared))


def musl_symbols():
    """What musl has on every architecture."""
    portable = re.sub(r"^#ifdef.*?^#endif", "", MUSL.read_text(), flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^(?:\.globl|\.weak|WEAK(?:TIME)?64) (\w+)$", portable, re.MULTILINE))


def elf_problems(binary, file, libc):
    """Yields what is wrong with a file for Linux."""
    if len(binary.symtab_symbols) > 0:
        yield "is not stripped"
    if any(entry.tag in UNWANTED_TAGS for entry in binary.dynamic_entries):
        yield "looks for libraries where it was built, or has relocations of code"
    flags = lief.ELF.Segment.FLAGS
    if any(seg.has(flags.W) and seg.has(flags.X) for seg in binary.segments):
        yield "has memory that can be both written and executed"
    kinds = {segment.type for segment in binary.segments}
    if not {lief.ELF.Segment.TYPE.GNU_STACK, lief.ELF.Segment.TYPE.GNU_RELRO} <= kinds:
        yield "does not ask for a stack without code, or for a table of symbols that is read-only"
    tags = {entry.tag: entry for entry in binary.dynamic_entries}
    flags_1 = tags.get(lief.ELF.DynamicEntry.TAG.FLAGS_1)
    if flags_1 is None or not flags_1.has(lief.ELF.DynamicEntryFlags.FLAG.NOW):
        yield "does not bind all symbols when it is loaded"
    elif file == "node_asgi.node" and not flags_1.has(lief.ELF.DynamicEntryFlags.FLAG.NODELETE):
        yield "can be unloaded while its thread still runs"

    imports = {s.name: s for s in binary.dynamic_symbols if s.name and s.shndx == UNDEFINED}
    if "__stack_chk_fail" not in imports:
        yield "does not check the stack of functions"
    others = imports.keys() - host_symbols(file)
    if libc == "musl":
        foreign = others - musl_symbols()
    else:
        foreign = {name for name in others if not version_of(imports[name])}
        for name in others - foreign:
            if glibc_version(version_of(imports[name])) > MAX_GLIBC:
                yield f"needs {name} of {version_of(imports[name])}"
    if foreign:
        yield f"needs {', '.join(sorted(foreign))}, which neither its host nor the C library has"


UNDEFINED = 0  # SHN_UNDEF
UNWANTED_TAGS = {
    lief.ELF.DynamicEntry.TAG.RPATH,
    lief.ELF.DynamicEntry.TAG.RUNPATH,
    lief.ELF.DynamicEntry.TAG.TEXTREL,
}


def version_of(symbol):
    """The version that a symbol has to have, such as GLIBC_2.17; '' if any will do."""
    auxiliary = symbol.symbol_version and symbol.symbol_version.symbol_version_auxiliary
    return auxiliary.name if auxiliary else ""


def glibc_version(name):
    """GLIBC_2.17: (2, 17). Other names are of no glibc."""
    match = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(\.\d+)?", name)
    return (int(match[1]), int(match[2])) if match else (sys.maxsize, 0)


def macho_problems(binary, file, _libc):
    """Yields what is wrong with a file for macOS."""
    minimum = binary.build_version.minos if binary.build_version else binary.version_min.version
    if tuple(minimum[:2]) > MAX_MACOS:
        yield f"needs macOS {minimum[0]}.{minimum[1]}"
    # The linker binds what the host has to no library. What is bound weakly is in the file, too.
    unbound = {
        binding.symbol.name.removeprefix("_")
        for binding in binary.bindings
        if binding.has_symbol and not binding.has_library and not binding.weak_import
    }
    foreign = unbound - host_symbols(file)
    if foreign:
        yield f"needs {', '.join(sorted(foreign))}, which its host does not have"


def macho_exports(binary):
    """The exported symbols, less those that the linker adds and those that are weak: dyld unites
    every `operator new` of a process, so that of libc++ cannot be hidden."""
    return {
        symbol.name.removeprefix("_")
        for symbol in binary.exported_symbols
        if symbol.name not in ("__mh_dylib_header", "___dso_handle")
        and lief.MachO.ExportInfo.FLAGS.WEAK_DEFINITION not in symbol.export_info.flags_list
    }


def problems(platform, folder, file):
    """Yields what is wrong with one file."""
    system, arch, libc = [*platform.split("-"), None][:3]
    path = str(folder / file)
    binary = lief.ELF.parse(path) if system == "linux" else lief.MachO.parse(path)
    if binary is None:
        yield f"is not made for {system}"
        return
    if system == "darwin":
        binary = binary.at(0)
        machine = binary.header.cpu_type
        name = lief.MachO.LoadCommand.TYPE.ID_DYLIB
        libraries = [each.name for each in binary.libraries if each.command != name]
        exports = macho_exports(binary)
    else:
        machine = binary.header.machine_type
        libraries = binary.libraries
        exports = {s.name for s in binary.dynamic_symbols if s.name and s.shndx != UNDEFINED}
    if machine != MACHINES[f"{system}-{arch}"]:
        yield f"is made for {machine}"
    for library in libraries:
        if not re.fullmatch(LIBRARIES[libc], library):
            yield f"needs {library}"
    for name in sorted(exports - EXPORTS[file]):
        yield f"exports {name}"
    for name in sorted(EXPORTS[file] - exports):
        yield f"does not export {name}"
    yield from (elf_problems if system == "linux" else macho_problems)(binary, file, libc)


def main(platform, folder):
    """Returns the exit code."""
    found = [
        f"{platform}: {file} {problem}"
        for file in EXPORTS
        for problem in problems(platform, Path(folder), file)
    ]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
