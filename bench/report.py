#!/usr/bin/env python3
"""The rows of ./dev bench from what its programs measured: report.py FOLDER BUDGETS [--json|--check]."""
import json
import os
import statistics
import sys

folder, budgets_file, mode = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""


def read(name):
    with open(os.path.join(folder, name + ".json")) as f:
        return [json.loads(line) for line in f if line.strip()]


primitives = read("primitives")[0]
keepalive = read("keepalive")
verify = primitives["p256_verify_ns"]
floor = primitives["floor_per_second"]
rate = statistics.median(r["per_second"] for r in keepalive)
new = read("new")[0]


def row(name, value, unit, better, **more):
    return dict(name=name, value=round(value, 3), unit=unit, better=better, **more)


rows = [
    row("quote_verify_cold", primitives["quote_cold_ns"] / verify, "P-256 verifies", "lower",
        target=5.0, floor=4.0),
    row("quote_verify_known", primitives["quote_known_ns"] / verify, "P-256 verifies", "lower",
        target=2.3, floor=1.0),
    row("release_keepalive", 100 * rate / floor, "% of floor", "higher", target=50, floor=100),
    row("release_keepalive_rate", rate, "releases/s", "higher", floor=floor),
    row("release_keepalive_p99", statistics.median(r["p99_us"] for r in keepalive) * 1000 / verify,
        "P-256 verifies", "lower"),
    row("release_new_connection_rate", new["per_second"], "releases/s", "higher", floor=floor),
    row("release_new_connection_p99", new["p99_us"] * 1000 / verify, "P-256 verifies", "lower"),
    row("kms_start", statistics.median(r["ms"] for r in read("start")), "ms", "lower", target=100),
    row("kms_memory", read("memory")[0]["kib"] / 1024, "MiB", "lower", target=12),
    row("binary_size", read("binary")[0]["bytes"] / 1e6, "MB", "lower", target=3),
]

if mode == "--json":
    print(json.dumps({"rows": rows}))
    sys.exit(0)

print("%-28s %10s  %-15s %s" % ("", "value", "unit", "target"))
for r in rows:
    sign = "<=" if r["better"] == "lower" else ">="
    print("%-28s %10g  %-15s %s" % (r["name"], r["value"], r["unit"],
                                    "%s %g" % (sign, r["target"]) if "target" in r else ""))
print("one P-256 verify: %.1f us" % (verify / 1000))

if mode == "--check":
    values = {r["name"]: r["value"] for r in rows}
    missed = []
    with open(budgets_file) as f:
        for line in f:
            if not line.strip() or line.startswith("#"):
                continue
            name, operator, limit = line.split()
            value, limit = values[name], float(limit)
            if not (value <= limit if operator == "<=" else value >= limit):
                missed.append("%s is %g, the budget says %s %g" % (name, value, operator, limit))
    if missed:
        sys.exit("\n".join(missed))
