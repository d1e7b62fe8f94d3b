#!/usr/bin/env python3
"""Shows that every check of wall.py fails on something that breaks its rule, and passes on something that keeps it."""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import wall


class Fixtures:
    """Small sources, compiled in a directory of their own."""

    def __init__(self, folder):
        self.folder = Path(folder)

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def compile(self, name, text, *flags):
        source = self.write(name, text)
        target = source.with_suffix(".o")
        subprocess.run(["c++", "-std=c++20", "-O0", "-fPIC", "-c", *flags, str(source), "-o", str(target)], check=True)
        return target

    def module(self, name, text):
        source = self.write(name, text)
        target = source.with_suffix(".so")
        subprocess.run(["c++", "-shared", "-fPIC", "-nostartfiles", str(source), "-o", str(target)], check=True)
        return target


def cases(fixtures, postgres, pg_include):
    """Yields (name, problems that must exist, problems that must not exist)."""
    source_wall = Path(__file__).resolve().parents[2] / "src/client/wall.h"
    fixtures.write("client/wall.h", source_wall.read_text())
    good = fixtures.write("good.h", '#pragma once\n#include "client/wall.h"\n')
    bad = fixtures.write("bad.h", "#pragma once\ninline int no_wall() { return 1; }\n")
    late = fixtures.write("late.h", '#pragma once\n#include <vector>\n#include "client/wall.h"\n')

    def headers(*paths):
        return wall.check_headers(list(paths), [fixtures.folder], pg_include)

    yield "a client header without the wall", headers(bad), headers(good)
    yield "a client header with the wall behind another include", headers(late), headers(good)
    yield "no client header at all", headers(), headers(good)

    fixtures.write("kept/src/extension/a.cpp", '#include "postgres.h"\n#include "client/api.h"\n')
    kept = wall.check_includes(fixtures.folder / "kept")
    for name, path, line in (("gRPC in the extension", "src/extension/a.cpp", "#include <grpcpp/grpcpp.h>"),
                             ("a client's inner header in the extension", "src/extension/a.cpp",
                              '#include "client/rows/json.h"'),
                             ("ICU in the extension", "src/extension/a.cpp", '#include "utils/pg_locale.h"'),
                             ("PostgreSQL in the client", "src/client/a.cpp", '#include "postgres.h"'),
                             ("PostgreSQL in the stub", "src/stub/a.h", '#include "utils/builtins.h"')):
        root = name.replace(" ", "_")
        fixtures.write(f"{root}/{path}", line + "\n")
        yield f"an include of {name}", wall.check_includes(fixtures.folder / root), kept

    for tree in ("extension", "stub"):
        for root, include in (("rooms", "store/a.h"), ("upwards", "rpc/a.h"), ("nowhere", "cellar/a.h")):
            fixtures.write(f"{root}/src/{tree}/meson.build",
                           "sources = files('start.cpp')\nsubdir('store')\nsubdir('server')\nsubdir('rpc')\n")
            fixtures.write(f"{root}/src/{tree}/start.cpp", f'#include "{tree}/rpc/a.h"\n')
            fixtures.write(f"{root}/src/{tree}/server/a.cpp", f'#include "{tree}/{include}"\n')
        kept = wall.check_rooms(fixtures.folder / "rooms", tree)
        yield f"an include of a higher room of the {tree}", wall.check_rooms(fixtures.folder / "upwards", tree), kept
        yield f"an include of no room of the {tree}", wall.check_rooms(fixtures.folder / "nowhere", tree), kept

    def client(root, room_includes, edge_includes):
        folder = fixtures.folder / root
        fixtures.write(f"{root}/src/client/meson.build", "subdir('base')\nsubdir('session')\n")
        fixtures.write(f"{root}/src/client/api.h", f'#include "client/{edge_includes}"\n')
        fixtures.write(f"{root}/src/client/base/a.h", f'#include "client/{room_includes}"\n')
        return wall.check_rooms(folder, "client", edge=("api.h", "wall.h"))

    kept = client("edge_kept", "api.h", "wall.h")
    yield "an include of a higher room of the client", client("edge_upwards", "session/a.h", "wall.h"), kept
    yield "an include of a header that is neither in a room nor the edge", client("edge_none", "call.h", "wall.h"), kept
    yield "a header of the edge that includes a room", client("edge_inwards", "api.h", "base/a.h"), kept

    plain = fixtures.compile("plain.cpp", "extern \"C\" int twice(int x) { return 2 * x; }\n", "-fno-exceptions")
    throwing = fixtures.compile("throwing.cpp", "int fail() { throw 1; }\n")
    command = {"file": "a.cpp", "command": "c++ -fno-exceptions -c a.cpp"}
    without = {"file": "a.cpp", "command": "c++ -c a.cpp"}
    undone = {"file": "a.cpp", "command": "c++ -fno-exceptions -fexceptions -c a.cpp"}
    kept = wall.check_no_exceptions([command], [plain])
    yield "an extension source without -fno-exceptions", wall.check_no_exceptions([without], [plain]), kept
    yield "an extension source with -fexceptions behind it", wall.check_no_exceptions([undone], [plain]), kept
    yield "an extension object that throws", wall.check_no_exceptions([command], [throwing]), kept
    yield "no extension source", wall.check_no_exceptions([], []), kept

    script = fixtures.write("x--1.sql", "CREATE FUNCTION two(int) RETURNS int\n  AS 'MODULE_PATHNAME', 'twice' LANGUAGE C;\n")
    entries = "extern \"C\" { void _PG_init() {} int Pg_magic_func, pg_finfo_twice; int twice() { return 2; } }\n"
    wanted = wall.exports_wanted([script])
    kept = wall.check_exports(fixtures.module("exact.cpp", entries), wanted)
    more = fixtures.module("more.cpp", entries + "int leaked;\n")
    fewer = fixtures.module("fewer.cpp", entries.replace(", pg_finfo_twice", ""))
    yield "a module that exports one symbol more", wall.check_exports(more, wanted), kept
    yield "a module that exports one symbol less", wall.check_exports(fewer, wanted), kept

    palloc = fixtures.compile("palloc.cpp", "extern \"C\" void *palloc(unsigned long);\nvoid *get() { return palloc(1); }\n")
    yield ("a client object that uses palloc", wall.check_client_imports([palloc], postgres),
           wall.check_client_imports([plain], postgres))

    kept = wall.check_extension_imports([plain])
    grpc = fixtures.compile("grpc.cpp", "extern \"C\" void grpc_init();\nvoid start() { grpc_init(); }\n")
    proto = fixtures.compile("lite.cpp", "namespace google::protobuf { void ShutdownProtobufLibrary(); }\n"
                             "void stop() { google::protobuf::ShutdownProtobufLibrary(); }\n")
    yield "an extension object that uses gRPC", wall.check_extension_imports([grpc]), kept
    yield "an extension object that uses protobuf", wall.check_extension_imports([proto]), kept

    kept = wall.check_no_fork([plain])
    forking = fixtures.compile("fork.cpp", "#include <unistd.h>\nint child() { return fork(); }\n")
    handling = fixtures.compile("handler.cpp", "#include <signal.h>\nvoid ignore() { signal(SIGPIPE, SIG_IGN); }\n")
    acting = fixtures.compile("action.cpp", "#include <signal.h>\nvoid ask() { sigaction(SIGINT, nullptr, nullptr); }\n")
    yield "an object that forks", wall.check_no_fork([forking]), kept
    yield "an object that calls signal", wall.check_no_fork([handling]), kept
    yield "an object that calls sigaction", wall.check_no_fork([acting]), kept

    iostream = fixtures.compile("iostream.cpp", "#include <iostream>\nint use() { return 1; }\n")
    kept = wall.check_no_initialisers([plain, iostream])
    text = fixtures.compile("text.cpp", "#include <string>\nstd::string name(\"a\");\n")
    number = fixtures.compile("number.cpp", "int compute();\nint number = compute();\n")
    function = fixtures.compile("function.cpp", "static int n;\n__attribute__((constructor)) static void f() { n = 1; }\n"
                                "int get() { return n; }\n")
    yield "a static object with a constructor", wall.check_no_initialisers([text]), kept
    yield "a static number that is computed at load", wall.check_no_initialisers([number]), kept
    yield "a function with the attribute constructor", wall.check_no_initialisers([function]), kept
    linked = fixtures.folder / "linked.so"
    subprocess.run(["c++", "-shared", str(number), str(plain), "-o", str(linked)], check=True)
    yield ("a module with an initialiser that no known object has",
           wall.check_module_initialisers(linked, [plain]), wall.check_module_initialisers(linked, [number]))

    lite = fixtures.write("pg_kalam/lite.proto", 'syntax = "proto3";\noption optimize_for = LITE_RUNTIME;\n')
    full = fixtures.write("pg_kalam/full.proto", 'syntax = "proto3";\n')
    plainly = fixtures.write("service.proto", 'syntax = "proto3";\noption optimize_for = LITE_RUNTIME;\n')
    table = fixtures.compile("table.cpp", "int descriptor_table_service_2eproto;\n")
    kept = wall.check_proto([lite], [plain])
    yield "a .proto of the full runtime", wall.check_proto([full], [plain]), kept
    yield "a .proto with a name of everybody's", wall.check_proto([plainly], [plain]), kept
    yield "an object that registers a descriptor", wall.check_proto([lite], [table]), kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pg-config", default="pg_config")
    options = parser.parse_args()
    postgres = Path(wall.run(options.pg_config, "--bindir").strip()) / "postgres"
    pg_include = wall.run(options.pg_config, "--includedir-server").strip()
    number = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name, broken, kept in cases(Fixtures(folder), postgres, pg_include):
            number += 1
            ok = bool(broken) and not kept
            failed += not ok
            print(f"{'ok' if ok else 'not ok'} {number} - notices {name}")
            if not broken:
                print("# found nothing")
            for problem in kept:
                print(f"# found where nothing is wrong: {problem}")
    print(f"1..{number}")
    return 1 if failed or not number else 0


if __name__ == "__main__":
    sys.exit(main())
