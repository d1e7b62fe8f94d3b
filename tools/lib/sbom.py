#!/usr/bin/env python3
"""Writes the software bill of materials of a built file, as CycloneDX JSON.

    sbom.py --name NAME --version VERSION [--postgres VERSION] [--inline COMPONENT=VERSION]...
            [--static COMPONENT=VERSION]... BINARY OUTPUT

The binary itself names its shared libraries, so the list is never short of one. A library that COMPONENTS does not know
is listed under its soname, without a licence. --inline names what is compiled in from headers, --static what is
linked in from an archive (libpg_query: the version of PostgreSQL whose grammar it has), --postgres the server that
loads the module. The same binary gives the same bytes: there is no time and no serial number.
"""

import argparse
import json
import os
import re
import subprocess
import sys

# component: (licence, pkg-config module or None, pattern of its sonames or None, purl)
COMPONENTS = {
    "grpc": ("Apache-2.0", "grpc++", r"libgrpc(\+\+)?\.so|libgpr\.so", "pkg:github/grpc/grpc@v{}"),
    "protobuf": ("BSD-3-Clause", "protobuf-lite", r"libprotobuf(-lite)?\.so", "pkg:github/protocolbuffers/protobuf@v{}"),
    "flatbuffers": ("Apache-2.0", "flatbuffers", r"libflatbuffers\.so", "pkg:github/google/flatbuffers@v{}"),
    "abseil-cpp": ("Apache-2.0", "absl_base", r"libabsl_\w+\.so", "pkg:github/abseil/abseil-cpp@{}"),
    "utf8_range": ("MIT", "utf8_range", r"libutf8_(range|validity)\.so", "pkg:github/protocolbuffers/utf8_range@{}"),
    "openssl": ("Apache-2.0", "openssl", r"lib(ssl|crypto)\.so", "pkg:github/openssl/openssl@openssl-{}"),
    "re2": ("BSD-3-Clause", None, r"libre2\.so", "pkg:github/google/re2@{}"),
    "sqlite": ("blessing", "sqlite3", r"libsqlite3\.so", "pkg:generic/sqlite@{}"),
    "libpg_query": ("BSD-3-Clause", None, r"libpg_query\.so", "pkg:github/pganalyze/libpg_query"),
    "nlohmann-json": ("MIT", "nlohmann_json", None, "pkg:github/nlohmann/json@v{}"),
    "zlib": ("Zlib", "zlib", r"libz\.so", "pkg:generic/zlib@{}"),
    "c-ares": ("MIT", "libcares", r"libcares\.so", "pkg:generic/c-ares@{}"),
    "gcc-libs": ("GPL-3.0-or-later WITH GCC-exception-3.1", None, r"lib(stdc\+\+|gcc_s|atomic|(a|l|t|ub)san|gcov)\.so", "pkg:generic/gcc@{}"),
    "glibc": ("LGPL-2.1-or-later", None, r"lib(c|m|dl|pthread|rt|resolv)\.so|ld-linux.*\.so", "pkg:generic/glibc@{}"),
    "postgresql": ("PostgreSQL", None, None, "pkg:generic/postgresql@{}"),
}


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def needed(binary):
    """The sonames that the dynamic section names."""
    names = re.findall(r"\(NEEDED\).*\[(.+)\]", output_of("readelf", "--dynamic", "--wide", binary))
    if not names:
        sys.exit(f"sbom.py: error: {binary} needs no shared library, which cannot be")
    return names


def version_of(component, sonames):
    module = COMPONENTS[component][1]
    try:
        if module is not None:
            return output_of(os.environ.get("PKG_CONFIG", "pkg-config"), "--modversion", module).strip()
        if component == "gcc-libs":
            return output_of(os.environ.get("CXX", "g++").split()[-1], "-dumpfullversion", "-dumpversion").strip()
        if component == "glibc":
            return os.confstr("CS_GNU_LIBC_VERSION").split()[-1]
    except (OSError, subprocess.CalledProcessError):
        pass
    # What the soname tells.
    return sonames[0].split(".so.")[-1]


def licences(licence):
    if licence is None:
        return []
    return [{"expression": licence}] if " WITH " in licence else [{"license": {"id": licence}}]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--postgres")
    parser.add_argument("--inline", action="append", default=[])
    parser.add_argument("--static", action="append", default=[])
    parser.add_argument("binary")
    parser.add_argument("output")
    arguments = parser.parse_args()

    found = {}  # component: (version, how, sonames)
    for soname in needed(arguments.binary):
        component = next((name for name, row in COMPONENTS.items() if row[2] and re.match(row[2], soname)), None)
        if component is None:
            component = soname.split(".so")[0]
            COMPONENTS[component] = (None, None, None, f"pkg:generic/{component}@{{}}")
        found.setdefault(component, [None, "shared library", []])[2].append(soname)
    for component, row in found.items():
        row[0] = version_of(component, row[2])
    for names, how in ((arguments.inline, "compiled in from headers"), (arguments.static, "linked statically")):
        for text in names:
            component, version = text.split("=", 1)
            found.setdefault(component, [version, how, []])
    if arguments.postgres:
        found["postgresql"] = [arguments.postgres, "loads the module", []]

    main_ref = f"pkg:generic/{arguments.name}@{arguments.version}"
    components = []
    for component in sorted(found):
        version, how, sonames = found[component]
        licence, _, _, purl = COMPONENTS[component]
        entry = {
            "type": "library" if component != "postgresql" else "platform",
            "bom-ref": purl.format(version),
            "name": component,
            "version": version,
            "licenses": licences(licence),
            "purl": purl.format(version),
            "properties": [{"name": "pg_kalam:use", "value": how}]
            + [{"name": "pg_kalam:soname", "value": soname} for soname in sorted(sonames)],
        }
        components.append(entry)
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library" if arguments.name == "pg_kalam" else "application",
                "bom-ref": main_ref,
                "name": arguments.name,
                "version": arguments.version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
                "purl": main_ref,
            }
        },
        "components": components,
        "dependencies": [{"ref": main_ref, "dependsOn": [entry["bom-ref"] for entry in components]}]
        + [{"ref": entry["bom-ref"]} for entry in components],
    }
    with open(arguments.output, "w", encoding="utf-8") as file:
        json.dump(document, file, indent=2)
        file.write("\n")


if __name__ == "__main__":
    main()
