#!/usr/bin/env python3
"""Writes arrow_streams.json: IPC streams as Apache Arrow's own writer makes them, with what they mean.

Run it by hand when a case is added (pip install pyarrow; made with 26.0). Values in `rows` have the form of
value_json() in support.cpp: dates, times and durations as numbers, decimals as text, bytes as "0x...", intervals as
[months, days, nanoseconds].
"""

import base64
import datetime
import decimal
import io
import json
import math
import os

import pyarrow as pa

CASES = []


def write(batches, schema=None, options=None):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, schema or batches[0].schema, options=options or pa.ipc.IpcWriteOptions()) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()


def add(name, stream, types, rows, error=None):
    CASES.append({
        "name": name,
        "stream": base64.b64encode(stream).decode(),
        "types": types,
        "rows": rows,
        "error": error,
    })


def column(name, array, type_name, values):
    """One column in one batch; and the same values as the middle of a longer, sliced array."""
    batch = pa.record_batch([array], ["v"])
    add(name, write([batch]), [type_name], [[value] for value in values])
    around = pa.concat_arrays([array, array, array]) if not pa.types.is_dictionary(array.type) else None
    if around is not None:
        batch = pa.record_batch([around.slice(len(array) + 1, len(array) - 1)], ["v"])
        add(name + ", sliced", write([batch]), [type_name], [[value] for value in values[1:]])


def simple(name, arrow_type, type_name, values, expected=None):
    column(name, pa.array(values, arrow_type), type_name, values if expected is None else expected)


simple("null", pa.null(), "null", [None, None, None])
simple("bool", pa.bool_(), "bool", [True, False, None, True, True, False, False, True, None, True, False])
for bits in (8, 16, 32, 64):
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    simple(f"int{bits}", getattr(pa, f"int{bits}")(), f"int{bits}", [0, None, low, high, -1, 7])
    simple(f"uint{bits}", getattr(pa, f"uint{bits}")(), f"uint{bits}", [0, None, (1 << bits) - 1, 7])
simple("int32 without nulls", pa.int32(), "int32", [5, 6, 7])
simple("float16", pa.float16(), "float16", [1.5, None, -2.0, 65504.0, 2**-24, 2**-14, math.inf, -math.inf, math.nan, -0.0],
       [1.5, None, -2.0, 65504.0, 2**-24, 2**-14, "inf", "-inf", "NaN", "-0.0"])
simple("float32", pa.float32(), "float32", [1.5, None, math.inf, math.nan], [1.5, None, "inf", "NaN"])
simple("float64", pa.float64(), "float64", [0.1, None, -math.inf, 5e-324], [0.1, None, "-inf", 5e-324])

TEXTS = ["", "a", None, "twelve bytes", "thirteen byte", "ünïcödé 🦀", "x" * 300]
simple("utf8", pa.string(), "utf8", TEXTS)
simple("large_utf8", pa.large_string(), "large_utf8", TEXTS)
simple("utf8_view", pa.string_view(), "utf8_view", TEXTS)
BYTES = [b"", b"\x00\xff", None, b"twelve bytes", b"thirteen byte", bytes(range(256))]
HEX = [None if value is None else "0x" + value.hex() for value in BYTES]
simple("binary", pa.binary(), "binary", BYTES, HEX)
simple("large_binary", pa.large_binary(), "large_binary", BYTES, HEX)
simple("binary_view", pa.binary_view(), "binary_view", BYTES, HEX)
simple("fixed_size_binary", pa.binary(3), "fixed_size_binary[3]", [b"abc", None, b"\x00\x01\xff"],
       ["0x616263", None, "0x0001ff"])
simple("fixed_size_binary of no bytes", pa.binary(0), "fixed_size_binary[0]", [b"", None, b""], ["0x", None, "0x"])

DECIMALS = [decimal.Decimal("12.34"), None, decimal.Decimal("-0.01"), decimal.Decimal("0.00"), decimal.Decimal("99999.99")]
TEXT_DECIMALS = [None if value is None else str(value) for value in DECIMALS]
for bits in (32, 64, 128, 256):
    simple(f"decimal{bits}", getattr(pa, f"decimal{bits}")(7, 2), f"decimal{bits}(7, 2)", DECIMALS, TEXT_DECIMALS)
WIDEST = [decimal.Decimal(10) ** 38 - 1, -(decimal.Decimal(10) ** 38) + 1]
with decimal.localcontext() as context:
    context.prec = 100
    simple("decimal128 at its ends", pa.decimal128(38, 0), "decimal128(38, 0)",
           [decimal.Decimal("9" * 38), decimal.Decimal("-" + "9" * 38)], ["9" * 38, "-" + "9" * 38])
    simple("decimal256 at its ends", pa.decimal256(76, 0), "decimal256(76, 0)",
           [decimal.Decimal("9" * 76), decimal.Decimal("-" + "9" * 76)], ["9" * 76, "-" + "9" * 76])
simple("decimal128 of negative scale", pa.decimal128(5, -2), "decimal128(5, -2)",
       [decimal.Decimal("12300"), decimal.Decimal("0")], ["12300", "0"])

simple("date32", pa.date32(), "date32", [0, None, -719162, 2932896, 2**31 - 1])
simple("date64", pa.date64(), "date64", [0, None, 86_400_000 * 365])
simple("time32(s)", pa.time32("s"), "time32(s)", [0, None, 86_399])
simple("time32(ms)", pa.time32("ms"), "time32(ms)", [0, None, 86_399_999])
simple("time64(us)", pa.time64("us"), "time64(us)", [0, None, 86_399_999_999])
simple("time64(ns)", pa.time64("ns"), "time64(ns)", [0, None, 86_399_999_999_999])
for unit in ("s", "ms", "us", "ns"):
    simple(f"timestamp({unit})", pa.timestamp(unit), f"timestamp({unit})", [0, None, -1, 2**62])
    simple(f"timestamp({unit}) UTC", pa.timestamp(unit, "UTC"), f"timestamp({unit}, with time zone)", [0, None, -1])
    simple(f"duration({unit})", pa.duration(unit), f"duration({unit})", [0, None, -1, 2**62])
simple("interval", pa.month_day_nano_interval(), "interval(month_day_nano)",
       [pa.MonthDayNano([1, -2, 3]), None, pa.MonthDayNano([-(2**31), 2**31 - 1, -(2**63)])],
       [[1, -2, 3], None, [-(2**31), 2**31 - 1, -(2**63)]])

LISTS = [[1, None, 3], None, [], [4], [5, 6, 7, 8]]
simple("list", pa.list_(pa.int32()), "list<int32>", LISTS)
simple("large_list", pa.large_list(pa.int32()), "large_list<int32>", LISTS)
simple("list of text", pa.list_(pa.string()), "list<utf8>", [["a", None, "long enough to be no inline view"], [], None])
simple("list of lists", pa.list_(pa.list_(pa.int8())), "list<list<int8>>", [[[1, 2], [], None], None, [[3]]])
simple("list of nulls", pa.list_(pa.null()), "list<null>", [[None, None], [], None])
simple("list of structs", pa.list_(pa.struct([("a", pa.int8())])), "list<struct>", [[{"a": 1}, None], [], None, [{"a": 2}]])
simple("fixed_size_list", pa.list_(pa.float32(), 2), "fixed_size_list<float32>[2]", [[1.0, -2.5], None, [None, 0.5]])
simple("fixed_size_list of nothing", pa.list_(pa.int8(), 0), "fixed_size_list<int8>[0]", [[], None, []])
simple("fixed_size_list of lists", pa.list_(pa.list_(pa.string()), 2), "fixed_size_list<list<utf8>>[2]",
       [[["a"], []], None, [None, ["b", None]]])

STRUCT = pa.struct([("a", pa.int64()), ("b", pa.string()), ("c", pa.list_(pa.bool_()))])
simple("struct", STRUCT, "struct",
       [{"a": 1, "b": 'quo"te', "c": [True, None]}, None, {"a": None, "b": None, "c": None}, {"a": -5, "b": "", "c": []}])
simple("struct of scalars",
       pa.struct([("d", pa.date32()), ("t", pa.time64("us")), ("s", pa.timestamp("us")), ("z", pa.timestamp("ms", "UTC")),
                  ("n", pa.decimal128(6, 2)), ("x", pa.binary()), ("f", pa.float32()), ("u", pa.duration("ms")),
                  ("v", pa.string_view()), ("w", pa.binary(2)), ("y", pa.null())]),
       "struct",
       [{"d": 19723, "t": 3_600_000_001, "s": -1, "z": 1_700_000_000_123, "n": decimal.Decimal("-0.05"), "x": b"\x01",
         "f": 0.25, "u": -1500, "v": "a view of more than twelve bytes", "w": b"\x0a\x0b", "y": None}],
       [{"d": "2024-01-01", "t": "01:00:00.000001", "s": "1969-12-31T23:59:59.999999", "z": "2023-11-14T22:13:20.123+00:00",
         "n": -0.05, "x": "\\x01", "f": 0.25, "u": "PT-1.5S", "v": "a view of more than twelve bytes", "w": "\\x0a0b",
         "y": None}])
simple("map", pa.map_(pa.string(), pa.int32()), "map", [[("a", 1), ("b", None)], None, []], [{"a": 1, "b": None}, None, {}])
simple("map with number keys", pa.map_(pa.int32(), pa.string()), "map", [[(1, "x"), (2, "y")]] * 2, [{"1": "x", "2": "y"}] * 2)
UNION_CHILDREN = [pa.array([1, 2, 3], pa.int64()), pa.array(["a", "b", "c"])]
add("sparse_union",
    write([pa.record_batch([pa.UnionArray.from_sparse(pa.array([0, 1, 0], pa.int8()), UNION_CHILDREN)], ["v"])]),
    ["sparse_union"], [[1], ["b"], [3]])
add("sparse_union with codes",
    write([pa.record_batch([pa.UnionArray.from_sparse(pa.array([5, 7, 5], pa.int8()), UNION_CHILDREN, ["n", "t"], [5, 7])],
                           ["v"])]),
    ["sparse_union"], [[1], ["b"], [3]])
add("dense_union",
    write([pa.record_batch([pa.UnionArray.from_dense(pa.array([0, 1, 0], pa.int8()), pa.array([2, 0, 0], pa.int32()),
                                                     UNION_CHILDREN)], ["v"])]),
    ["dense_union"], [[3], ["a"], [1]])
simple("list_view", pa.list_view(pa.int32()), "list_view", LISTS)
simple("large_list_view", pa.large_list_view(pa.int32()), "list_view", LISTS)
add("run-end encoded", write([pa.record_batch([pa.RunEndEncodedArray.from_arrays([2, 3], [7, 8])], ["v"])]), [], [],
    "run-end encoded")

simple("json extension", pa.json_(pa.string()), "utf8", ['{"a":1}', None, "[1,2]"], [{"a": 1}, None, [1, 2]])

# Dictionaries.
WORDS = pa.array(["one", "two", None, "one"]).dictionary_encode()
column("dictionary", WORDS, "utf8", ["one", "two", None, "one"])
for index in ("int8", "uint8", "int16", "uint16", "int64", "uint64"):
    array = pa.DictionaryArray.from_arrays(pa.array([1, 0, None, 1], getattr(pa, index)()), pa.array([10, None], pa.int32()))
    column(f"dictionary with {index} indexes", array, "int32", [None, 10, None, None])
column("dictionary of booleans", pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array([True, False])), "bool",
       [False, True])
column("dictionary of fixed binary",
       pa.DictionaryArray.from_arrays(pa.array([1, 0], pa.int8()), pa.array([b"ab", b"cd"], pa.binary(2))),
       "fixed_size_binary[2]", ["0x6364", "0x6162"])
column("list of dictionaries",
       pa.ListArray.from_arrays(pa.array([0, 2, 3], pa.int32()), pa.array(["x", "y", "x"]).dictionary_encode()),
       "list<utf8>", [["x", "y"], ["x"]])
column("struct of a dictionary", pa.StructArray.from_arrays([WORDS], ["w"]), "struct",
       [{"w": "one"}, {"w": "two"}, {"w": None}, {"w": "one"}])


def dictionary_batch(values, indexes):
    return pa.record_batch([pa.DictionaryArray.from_arrays(pa.array(indexes, pa.int32()), pa.array(values))], ["v"])


REPLACED = [dictionary_batch(["a", "b"], [0, 1]), dictionary_batch(["c", "d", "e"], [2, 0])]
add("dictionary replaced between batches", write(REPLACED), ["utf8"], [["a"], ["b"], ["e"], ["c"]])
GROWING = [dictionary_batch(["a", "b"], [0, 1]), dictionary_batch(["a", "b", "c"], [2, 0])]
add("delta dictionary", write(GROWING, options=pa.ipc.IpcWriteOptions(emit_dictionary_deltas=True)), ["utf8"],
    [["a"], ["b"], ["c"], ["a"]])

# Framing.
MIXED = pa.record_batch(
    [pa.array([1, None, 3], pa.int64()), pa.array(["a", "bb", None]), pa.array([1.5, 2.5, 3.5], pa.float64())],
    ["i", "t", "d"])
MIXED_TYPES = ["int64", "utf8", "float64"]
MIXED_ROWS = [[1, "a", 1.5], [None, "bb", 2.5], [3, None, 3.5]]
add("several batches", write([MIXED, MIXED.slice(1), MIXED.slice(2, 0), MIXED.slice(0, 1)]), MIXED_TYPES,
    MIXED_ROWS + MIXED_ROWS[1:] + MIXED_ROWS[:1])
add("no batch", write([], schema=MIXED.schema), MIXED_TYPES, [])
add("a batch without rows", write([MIXED.slice(0, 0)]), MIXED_TYPES, [])
add("old framing", write([MIXED], options=pa.ipc.IpcWriteOptions(use_legacy_format=True)), MIXED_TYPES, MIXED_ROWS)
add("metadata V4", write([MIXED], options=pa.ipc.IpcWriteOptions(metadata_version=pa.ipc.MetadataVersion.V4)), MIXED_TYPES,
    MIXED_ROWS)
add("without end marker", write([MIXED])[:-8], MIXED_TYPES, MIXED_ROWS)
add("no columns", write([pa.RecordBatch.from_struct_array(pa.array([{}, {}], pa.struct([])))]), [], [[], []])
for codec in ("lz4", "zstd"):
    add(f"compressed with {codec}", write([MIXED], options=pa.ipc.IpcWriteOptions(compression=codec)), MIXED_TYPES, [],
        "compressed")

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "arrow_streams.json")
with open(path, "w", encoding="utf-8") as out:
    out.write("[\n" + ",\n".join(json.dumps(case, ensure_ascii=False) for case in CASES) + "\n]\n")
print(len(CASES), "cases")
