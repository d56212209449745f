#!/usr/bin/env python3
"""The rows of ./dev bench from what its programs measured: report.py FOLDER BUDGETS [--json|--check|--test]."""
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
chain = read("chain")[0]
verify = primitives["p256_verify_ns"]
floors = read("floor")
floor = statistics.median(r["floor_per_second"] for r in floors)
# Each batch against the floor just before and just after it: by the clock, and by processor time, for
# where other work shares the machine the clock tells who was given more of it.  The lower one counts.
share = statistics.median(
    min(2 * r["per_second"] / (before["floor_per_second"] + after["floor_per_second"]),
        (before["floor_cpu_us"] + after["floor_cpu_us"]) / 2 / r["cpu_us"])
    for r, before, after in zip(keepalive, floors, floors[1:]))
new = read("new")


def middle(batches, what):
    return statistics.median(r[what] for r in batches)


def row(name, value, unit, better, **more):
    return dict(name=name, value=round(value, 3), unit=unit, better=better, **more)


rows = [
    row("quote_verify_cold", primitives["quote_cold_ns"] / verify, "P-256 verifies", "lower",
        target=10, floor=9),
    row("quote_verify_new_platform", primitives["quote_new_platform_ns"] / verify, "P-256 verifies", "lower",
        target=4, floor=3),
    row("quote_verify_known", primitives["quote_known_ns"] / verify, "P-256 verifies", "lower",
        target=2.3, floor=2),
    row("quote_verify_qe_known", primitives["quote_qe_known_ns"] / verify, "P-256 verifies", "lower",
        target=1.25, floor=1),
    row("chain_decision_warm", chain["decision_ns"] / 1000, "us", "lower", target=20),
    row("chain_proof_account_5_slots", chain["proof_ns"] / 1000, "us", "lower", target=400),
    row("release_keepalive", 100 * share, "% of floor", "higher", target=50, floor=100),
    row("release_keepalive_rate", middle(keepalive, "per_second"), "releases/s", "higher", floor=floor),
    row("release_keepalive_p99", middle(keepalive, "p99_us") * 1000 / verify,
        "P-256 verifies", "lower"),
    row("release_cpu", middle(keepalive, "cpu_us") * 1000 / verify, "P-256 verifies", "lower",
        floor=statistics.median(r["floor_cpu_us"] for r in floors) * 1000 / verify),
    row("release_new_connection_rate", middle(new, "per_second"), "releases/s", "higher", floor=floor),
    row("release_new_connection_p99", middle(new, "p99_us") * 1000 / verify, "P-256 verifies", "lower"),
    row("kms_start", middle(read("start"), "ms"), "ms", "lower", target=100),
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

if mode in ("--check", "--test"):
    values = {r["name"]: r["value"] for r in rows}
    held, missed = 0, []
    with open(budgets_file) as f:
        for line in f:
            if not line.strip() or line.startswith("#"):
                continue
            name, operator, limit, *clock = line.split()
            if clock and mode == "--test":
                continue
            value, limit = values[name], float(limit)
            if value <= limit if operator == "<=" else value >= limit:
                held += 1
            else:
                missed.append("%s is %g, the budget says %s %g" % (name, value, operator, limit))
    for line in missed:
        print("error: " + line)
    print("%d passed, %d failed" % (held, len(missed)))
    sys.exit(1 if missed else 0)
