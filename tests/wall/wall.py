#!/usr/bin/env python3
"""The wall between PostgreSQL's code and gRPC's, checked on what was built.

    wall.py [--source DIR] [--build DIR] [--pg-config FILE] [CHECK...]

Prints TAP, one line a check. Every check is a function that returns the list of what is wrong, so that selftest.py can
show that each of them does find something.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

FORKS = {"fork", "vfork", "_Fork", "posix_spawn", "posix_spawnp", "system", "popen", "pthread_atfork"}
HANDLERS = {"signal", "bsd_signal", "sigaction", "__sigaction", "sigset", "sigvec", "ssignal"}
EXCEPTIONS = {"__cxa_throw", "__cxa_rethrow", "__cxa_begin_catch", "__cxa_allocate_exception"}
FOREIGN_TO_EXTENSION = re.compile(r"\b(grpc(::|_)|google::protobuf|flatbuffers::|absl::|kalamdb::pg)")
# What an initialiser of an object may touch: the counter that <iostream> brings into every file before GCC 13. gRPC's
# and protobuf's headers include it; it starts no thread and opens no file.
IOSTREAM = re.compile(r"^(std::ios_base::Init::~?Init\(\)|_ZNSt8ios_base4Init(C1|D1)Ev|__cxa_atexit|__dso_handle|"
                      r"\.bss.*|std::__ioinit|_ZStL8__ioinit|_ZSt8__ioinit|"
                      r"__static_initialization_and_destruction_0.*|_Z41__static_initialization_and_destruction_0.*|"
                      r"\.text(\.startup)?)$")


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def nm(option, path):
    """Names of the symbols that `nm option` lists, without versions."""
    names = set()
    for line in run("nm", *option.split(), path).splitlines():
        fields = line.split()
        if len(fields) >= 2 and not line.endswith(":"):
            names.add(fields[-1].split("@")[0])
    return names


def demangle(names):
    names = sorted(names)
    if not names:
        return []
    return subprocess.run(["c++filt"], input="\n".join(names), check=True, capture_output=True,
                          text=True).stdout.splitlines()


# ---------------------------------------------------------------- checks


def check_headers(headers, includes, pg_include):
    """Every client header but api.h refuses to compile after a PostgreSQL header."""
    problems = []
    for header in headers:
        text = Path(header).read_text()
        first = re.search(r'^#include\s+(\S+)', text, re.M)
        if Path(header).name != "wall.h" and (not first or first.group(1) != '"client/wall.h"'):
            problems.append(f"{header}: its first include is not \"client/wall.h\"")
        source = f'#include "postgres.h"\n#include "{Path(header).resolve()}"\n'
        done = subprocess.run(["c++", "-std=c++20", "-fsyntax-only", "-Wfatal-errors", "-isystem", pg_include]
                              + [f"-I{path}" for path in includes] + ["-x", "c++", "-"],
                              input=source, capture_output=True, text=True)
        if done.returncode == 0:
            problems.append(f"{header}: compiles after postgres.h")
        elif "must not be used beside PostgreSQL" not in done.stderr:
            problems.append(f"{header}: fails after postgres.h, but not at the wall: {done.stderr[:300]}")
    if not headers:
        problems.append("no client header found")
    return problems


def check_includes(source):
    """The extension includes client/api.h and nothing else of the client; nobody crosses the wall by an include.

    Nor does the extension include what brings headers of libraries that PostgreSQL's packages for developers leave out.
    """
    problems = []
    rules = [("src/extension", re.compile(r'#\s*include\s+[<"](client/(?!api\.h")|grpc|google/|flatbuffers|absl/|'
                                          r'stub/|.*\.pb\.h|utils/pg_locale\.h|libpq/libpq-be\.h|jit/llvmjit)')),
             ("src/client", re.compile(r'#\s*include\s+[<"](postgres|fmgr\.h|pg_config|c\.h"|extension/|stub/|'
                                       r'(access|catalog|commands|executor|foreign|miscadmin|nodes|optimizer|parser|'
                                       r'storage|tcop|utils)[/.])')),
             ("src/stub", re.compile(r'#\s*include\s+[<"](postgres|fmgr\.h|extension/|(access|executor|miscadmin|nodes|'
                                     r'optimizer|utils)[/.])'))]
    for folder, forbidden in rules:
        for path in sorted((Path(source) / folder).rglob("*")):
            if path.suffix not in (".h", ".cpp"):
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if forbidden.match(line):
                    problems.append(f"{path}:{number}: {line.strip()}")
    return problems


def check_rooms(source, tree, edge=()):
    """A room of src/<tree> includes only rooms whose subdir() stands above its own in the tree's meson.build.

    A source file outside of the rooms is one that starts the whole: it may include all, and nothing includes it. A
    header of the edge stands below all rooms: every room may include it, and it includes none.
    """
    root = Path(source) / "src" / tree
    build = (root / "meson.build").read_text()
    rooms = re.findall(r"^subdir\('([\w/]+)'\)", build, re.M)
    starts = re.findall(r"^\w+ = files\('([\w.]+)'\)", build, re.M)
    problems = [] if rooms else [f"{root}/meson.build: names no rooms"]

    def room_of(path):
        return max((room for room in rooms if path.startswith(room + "/")), key=len, default=None)

    for path in sorted(root.rglob("*")):
        if path.suffix not in (".h", ".cpp") or path.name in starts and path.parent == root:
            continue
        here = room_of(str(path.relative_to(root)))
        is_edge = path.parent == root and path.name in edge
        if here is None and not is_edge:
            problems.append(f"{path}: is in no room")
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            include = re.match(rf'#\s*include\s+"{tree}/([^"]+)"', line)
            if not include or include.group(1) in edge:
                continue
            there = room_of(include.group(1))
            if there is None or is_edge or rooms.index(there) > rooms.index(here):
                problems.append(f"{path}:{number}: {line.strip()} (in {'the edge' if is_edge else 'room ' + here})")
    return problems


def check_no_exceptions(commands, objects):
    """The extension is compiled with -fno-exceptions and neither throws nor catches."""
    problems = []
    for entry in commands:
        arguments = shlex.split(entry["command"])
        flags = [flag for flag in arguments if flag in ("-fexceptions", "-fno-exceptions")]
        if not flags or flags[-1] != "-fno-exceptions":
            problems.append(f"{entry['file']}: compiled without -fno-exceptions")
    if not commands:
        problems.append("no source of the extension found in compile_commands.json")
    for path in objects:
        for name in sorted(nm("-u", path) & EXCEPTIONS):
            problems.append(f"{path}: imports {name}")
    return problems


def exports_wanted(scripts):
    """What PostgreSQL must find: the two entry points, and each C function of the SQL scripts with its info record."""
    wanted = {"_PG_init", "Pg_magic_func"}
    function = re.compile(r"CREATE\s+(?:OR\s+REPLACE\s+)?FUNCTION\s+([\w.\"]+)[^;]*?\bAS\s+'MODULE_PATHNAME'"
                          r"(?:\s*,\s*'(\w+)')?", re.I)
    for script in scripts:
        text = re.sub(r"--[^\n]*", "", Path(script).read_text())
        for match in function.finditer(text):
            name = match.group(2) or match.group(1).split(".")[-1].strip('"')
            wanted |= {name, "pg_finfo_" + name}
    return wanted


def check_exports(module, wanted):
    """The module's dynamic symbols are exactly those that PostgreSQL needs."""
    found = nm("-D --defined-only", module) - {"_init", "_fini", "__bss_start", "_edata", "_end"}
    return ([f"{module}: exports {name}, which nobody needs" for name in sorted(found - wanted)]
            + [f"{module}: does not export {name}" for name in sorted(wanted - found)])


def check_client_imports(objects, postgres):
    """The client's objects import no symbol of the PostgreSQL server."""
    libraries = set()
    for line in run("ldd", postgres).splitlines():
        match = re.search(r"(/\S*/lib(?:c|m|pthread|dl|ssl|crypto|z|stdc\+\+|gcc_s)\.so\S*)", line)
        if match:
            libraries |= nm("-D --defined-only", match.group(1))
    server = nm("-D --defined-only", postgres) - libraries
    problems = [] if objects else ["no object of the client found"]
    if "errstart" not in server:
        problems.append(f"{postgres}: its symbols cannot be read")
    for path in objects:
        for name in sorted(nm("-u", path) & server):
            problems.append(f"{path}: imports {name} of PostgreSQL")
    return problems


def check_extension_imports(objects):
    """The extension's objects import no symbol of gRPC, protobuf, FlatBuffers or Abseil."""
    problems = [] if objects else ["no object of the extension found"]
    for path in objects:
        for name in demangle(nm("-u", path)):
            if FOREIGN_TO_EXTENSION.search(name):
                problems.append(f"{path}: imports {name}")
    return problems


def check_no_fork(objects):
    """Nothing forks or installs a signal handler behind PostgreSQL's back.

    But one: terminate.cpp notices abort() in gRPC, for which PostgreSQL has no handler, and calls the one before for
    everything else.
    """
    problems = []
    for path in objects:
        allowed = {"sigaction"} if Path(path).name.endswith("terminate.cpp.o") else set()
        for name in sorted(nm("-u", path) & (FORKS | HANDLERS) - allowed):
            problems.append(f"{path}: imports {name}")
    return problems


def initialisers(path):
    """Targets of all relocations inside the functions that run when the object is loaded."""
    ranges = {}
    for line in run("readelf", "-sW", path).splitlines():
        match = re.match(r"\s*\d+: ([0-9a-f]+)\s+(\d+|0x[0-9a-f]+) FUNC\s+\S+\s+\S+\s+(\d+)\s+(\S+)", line)
        if match and re.search(r"_GLOBAL__(sub_)?I|__static_initialization_and_destruction|__cxx_global", match.group(4)):
            ranges.setdefault(match.group(3), []).append((int(match.group(1), 16), int(match.group(2), 0)))
    headers = run("readelf", "-SW", path)
    if not re.search(r"\.(init_array|ctors|preinit_array)", headers):
        return None
    sections = {match.group(2): match.group(1) for match in re.finditer(r"\[\s*(\d+)\] (\S+)", headers)}
    targets, current = set(), None
    for line in run("readelf", "-rW", path).splitlines():
        match = re.match(r"Relocation section '\.rela(\.\S+)'", line)
        if match:
            current = ranges.get(sections.get(match.group(1)), [])
            continue
        fields = line.split()
        if current and len(fields) >= 5 and re.fullmatch(r"[0-9a-f]{12,16}", fields[0]):
            if any(start <= int(fields[0], 16) < start + size for start, size in current):
                targets.add(fields[4])
    return targets


def check_no_initialisers(objects):
    """No constructor runs when the library is loaded, but the one of <iostream>."""
    problems = [] if objects else ["no object found"]
    for path in objects:
        targets = initialisers(path)
        if targets is None:
            continue
        strange = [name for name in sorted(targets) if not IOSTREAM.match(name)]
        if strange:
            problems.append(f"{path}: runs at load and touches {', '.join(demangle(strange)[:5])}")
        elif not any("ios_base" in name for name in targets):
            problems.append(f"{path}: runs something at load")
    return problems


def check_module_initialisers(module, objects):
    """The linked module has as many initialisers as its objects explain, and one of the C runtime."""
    match = re.search(r"\.init_array\s+INIT_ARRAY\s+\S+\s+\S+\s+([0-9a-f]+)", run("readelf", "-SW", module))
    found = int(match.group(1), 16) // 8 if match else 0
    explained = 1 + sum(len(re.findall(r"\.init_array\S*\s+INIT_ARRAY", run("readelf", "-SW", path)))
                        for path in objects)
    if found > explained:
        return [f"{module}: {found} initialisers, of which its objects explain {explained}"]
    return []


def check_proto(protos, objects):
    """Messages are of the lite runtime, which registers no file name, and the names are the project's own."""
    problems = [] if protos else ["no .proto found"]
    for path in protos:
        text = Path(path).read_text()
        if not re.search(r"^option\s+optimize_for\s*=\s*LITE_RUNTIME\s*;", text, re.M):
            problems.append(f"{path}: not of the lite runtime")
        if Path(path).parent.name != "pg_kalam":
            problems.append(f"{path}: its registered name does not begin with pg_kalam/")
    for path in objects:
        for name in sorted(nm("", path)):
            if re.search(r"descriptor_table|AddDescriptors|file_level_metadata", name):
                problems.append(f"{path}: registers a descriptor: {name}")
    return problems


# ---------------------------------------------------------------- the project


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=Path)
    parser.add_argument("--pg-config", default="pg_config")
    parser.add_argument("checks", nargs="*")
    options = parser.parse_args()
    source, build = options.source, options.build or options.source / "build"

    def objects(folder):
        return sorted((build / folder).rglob("*.o"))

    client, extension, proto = objects("src/client"), objects("src/extension"), objects("proto/libpg_service.a.p")
    module = build / "src/extension/pg_kalam.so"
    headers = [path for path in sorted((source / "src/client").rglob("*.h")) if path.name != "api.h"]
    commands = [entry for entry in json.loads((build / "compile_commands.json").read_text())
                if "/src/extension/" in str((Path(entry["directory"]) / entry["file"]).resolve())]
    includes = [source / "src", build / "proto", source / "proto"]
    scripts = sorted((source / "src/extension/sql").glob("*.sql"))
    postgres = Path(run(options.pg_config, "--bindir").strip()) / "postgres"
    pg_include = run(options.pg_config, "--includedir-server").strip()

    checks = {
        "headers": lambda: check_headers(headers, includes, pg_include),
        "includes": lambda: check_includes(source),
        "client_rooms": lambda: check_rooms(source, "client", edge=("api.h", "wall.h")),
        "extension_rooms": lambda: check_rooms(source, "extension"),
        "stub_rooms": lambda: check_rooms(source, "stub"),
        "no_exceptions": lambda: check_no_exceptions(commands, extension),
        "exports": lambda: check_exports(module, exports_wanted(scripts)),
        "client_imports": lambda: check_client_imports(client, postgres),
        "extension_imports": lambda: check_extension_imports(extension),
        "no_fork": lambda: check_no_fork(client + extension + proto),
        "no_initialisers": lambda: check_no_initialisers(client + extension + proto),
        "module_initialisers": lambda: check_module_initialisers(module, client + extension + proto),
        "proto": lambda: check_proto(sorted((source / "proto").rglob("*.proto")), proto),
    }
    failed = 0
    names = options.checks or list(checks)
    print(f"1..{len(names)}")
    for number, name in enumerate(names, 1):
        problems = checks[name]()
        failed += bool(problems)
        print(f"{'not ok' if problems else 'ok'} {number} - {name}")
        for problem in problems:
            print(f"# {problem}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
