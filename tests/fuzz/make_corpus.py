#!/usr/bin/env python3
"""make_corpus.py SOURCE_ROOT OUT_DIR STAMP: writes the seeds of every fuzz target to OUT_DIR/<target>/.

The recorded transcripts give what a real server sends; arrow_streams.json gives the types that KalamDB could send;
tests/fuzz/seeds/<target>/ gives what was found before.
"""

import base64
import hashlib
import json
import pathlib
import shutil
import sys

CUTS = [b"\xff\x00", b"\x02\x05", b"\x01\x01", b"\x40\x40"]  # windows and slices of the target arrow_stream


class Corpus:
    def __init__(self, folder):
        self.folder = folder
        shutil.rmtree(folder, ignore_errors=True)

    def add(self, target, data):
        folder = self.folder / target
        folder.mkdir(parents=True, exist_ok=True)
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def bytes_field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


METHODS = ["Ping", "OpenSession", "CloseSession", "Scan", "Insert", "Update", "Delete", "BeginTransaction",
           "CommitTransaction", "RollbackTransaction", "ExecuteSql", "ExecuteQuery"]
CODES = ["CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
         "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
         "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"]


def add_call(corpus, call):
    response = call.get("response", {})
    entries = [base64.b64decode(entry) for entry in response.get("ipc_base64", [])]
    for i, entry in enumerate(entries):
        corpus.add("arrow_stream", entry + CUTS[(len(entry) + i) % len(CUTS)])
    if call.get("rpc") == "Scan" and "ipc_base64" in response:
        corpus.add("answer_message", b"".join(bytes_field(1, entry) for entry in entries))
    if call.get("rpc") == "ExecuteQuery" and response:
        corpus.add("answer_message", varint(1 << 3) + varint(1) + bytes_field(2, response["message"].encode()) +
                   b"".join(bytes_field(3, entry) for entry in entries))
    for name, number in (("session_id", 1), ("transaction_id", 1), ("session_token", 4), ("message", 2)):
        if isinstance(response.get(name), str):
            corpus.add("small_answer", bytes_field(number, response[name].encode()))
    if call.get("code", "OK") != "OK":
        head = bytes([METHODS.index(call["rpc"]), CODES.index(call["code"])])
        corpus.add("error_text", head + call["message"].encode())
    for field in ("sql",):
        if field in call.get("request", {}):
            corpus.add("stub_sql", call["request"][field].encode())


def main():
    source, out, stamp = (pathlib.Path(argument) for argument in sys.argv[1:4])
    corpus = Corpus(out)
    for path in sorted((source / "tests/conformance/transcripts").glob("*.json")):
        for case in json.loads(path.read_text(encoding="utf-8"))["cases"]:
            for call in case["steps"]:
                add_call(corpus, call)
    for stream in json.loads((source / "tests/unit/data/arrow_streams.json").read_text(encoding="utf-8")):
        entry = base64.b64decode(stream["stream"])
        for cut in CUTS[:2]:
            corpus.add("arrow_stream", entry + cut)
        corpus.add("answer_message", bytes_field(3, entry) + bytes_field(3, entry))
    recorded = json.loads((source / "tests/unit/stub/manifest-0.4.json").read_text(encoding="utf-8"))
    for answer in recorded["answers"]:
        for row in answer["rows"]:
            corpus.add("manifest", row[9].encode())
    for path in sorted((source / "tests/fuzz/seeds").glob("*/*")):
        corpus.add(path.parent.name, path.read_bytes())
    stamp.write_text("")


main()
