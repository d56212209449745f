#!/usr/bin/env python3
"""The rows of ./dev bench from what its programs measured: report.py FOLDER BUDGETS [--json|--check|--test|--memory|--chain].
--memory, --chain: of what was measured about that alone, and held as by --check."""
import json
import os
import statistics
import sys

ALONE = ("--memory", "--chain")
folder, budgets_file, mode = sys.argv[1], sys.argv[2], sys.argv[3] if len(sys.argv) > 3 else ""


def read(name):
    with open(os.path.join(folder, name + ".json"), encoding="utf-8") as f:
        return [json.loads(line) for line in f if line.strip()]


def middle(batches, what):
    return statistics.median(r[what] for r in batches)


def row(name, value, unit, better, **more):
    return dict(name=name, value=round(value, 3), unit=unit, better=better, **more)


def verification(turns):
    """Always against what was measured in the same turn."""
    def verifies(name, what, target, floor):
        return row(name, statistics.median(t[what] / t["p256_verify_ns"] for t in turns), "P-256 verifies", "lower",
                   target=target, floor=floor)

    def faster(name, peer, what, target):
        return row(name, statistics.median(t[peer]["ns"] / t[what] for t in turns), "times its speed", "higher", target=target)

    return [
        # Six signatures, and three of the root's key, which has a table.
        verifies("quote_verify_cold", "quote_cold_ns", target=10, floor=7.5),
        verifies("quote_verify_new_platform", "quote_new_platform_ns", target=4, floor=3),
        verifies("quote_verify_known", "quote_known_ns", target=2.3, floor=2),
        verifies("quote_verify_qe_known", "quote_qe_known_ns", target=1.25, floor=1),
        faster("vs_dcap_qvl_cold", "dcap_qvl", "quote_cold_ns", target=1),
        faster("vs_dcap_qvl_known", "dcap_qvl", "quote_known_ns", target=4.5),
        faster("vs_go_tdx_guest_cold", "go_tdx_guest", "quote_cold_ns", target=2),
    ]


def memory(heap):
    return [
        row("verify_heap_growth", max(0, heap["heap_growth"]) + max(0, heap["secure_growth"]), "bytes", "lower",
            target=1024, verifications=heap["verifications"]),
        row("verify_rss_growth", max(0, heap["rss_growth"]), "KiB", "lower", target=64,
            verifications=heap["verifications"]),
    ]


def share(batches, around, rate, cost):
    """Of each batch in what was measured just before and just after it: by the clock, and by processor time, for
    where other work shares the machine the clock tells who was given more of it.  The lower one counts."""
    return statistics.median(
        min(2 * r["per_second"] / (before[rate] + after[rate]), (before[cost] + after[cost]) / 2 / r["cpu_us"])
        for r, before, after in zip(batches, around, around[1:]))


def chain(measured, reading, knowing):
    return [
        row("release_with_chain", 100 * share(reading, knowing, "per_second", "cpu_us"), "% of fixed", "higher", target=90),
        row("chain_decision_warm", measured["decision_ns"] / 1000, "us", "lower", target=20),
        row("chain_proof_account_5_slots", measured["proof_ns"] / 1000, "us", "lower", target=400),
    ]


def system(verify):
    """verify: nanoseconds of a P-256 verify."""
    keepalive, new, floors = read("keepalive"), read("new"), read("floor")
    floor = middle(floors, "floor_per_second")
    return [
        row("release_keepalive", 100 * share(keepalive, floors, "floor_per_second", "floor_cpu_us"), "% of floor", "higher",
            target=50, floor=100),
        row("release_keepalive_rate", middle(keepalive, "per_second"), "releases/s", "higher", floor=floor),
        row("release_keepalive_p99", middle(keepalive, "p99_us") * 1000 / verify, "P-256 verifies", "lower"),
        row("release_cpu", middle(keepalive, "cpu_us") * 1000 / verify, "P-256 verifies", "lower",
            floor=middle(floors, "floor_cpu_us") * 1000 / verify),
        row("release_new_connection_rate", middle(new, "per_second"), "releases/s", "higher", floor=floor),
        row("release_new_connection_p99", middle(new, "p99_us") * 1000 / verify, "P-256 verifies", "lower"),
        row("kms_start", middle(read("start"), "ms"), "ms", "lower", target=100),
        row("kms_memory", read("memory")[0]["kib"] / 1024, "MiB", "lower", target=12),
        row("binary_size", read("binary")[0]["bytes"] / 1e6, "MB", "lower", target=3),
    ]


def show(rows):
    print("%-28s %10s  %-15s %s" % ("", "value", "unit", "target"))
    for r in rows:
        sign = "<=" if r["better"] == "lower" else ">="
        print("%-28s %10g  %-15s %s" % (r["name"], r["value"], r["unit"],
                                        "%s %g" % (sign, r["target"]) if "target" in r else ""))


def held(rows):
    """Prints what misses its budget; True when nothing does."""
    values = {r["name"]: r["value"] for r in rows}
    good, missed = 0, []
    with open(budgets_file, encoding="utf-8") as f:
        for line in f:
            if not line.strip() or line.startswith("#"):
                continue
            name, operator, limit, *clock = line.split()
            if clock and mode == "--test" or mode in ALONE and name not in values:
                continue
            value, limit = values[name], float(limit)
            if value <= limit if operator == "<=" else value >= limit:
                good += 1
            else:
                missed.append("%s is %g, the budget says %s %g" % (name, value, operator, limit))
    for line in missed:
        print("error: " + line)
    print("%d passed, %d failed" % (good, len(missed)))
    return not missed


def main():
    if mode == "--chain":
        rows = chain(read("chain")[0], read("reading"), read("knowing"))
        show(rows)
        return 0 if held(rows) else 1
    heap = read("heap")[0]
    if mode == "--memory":
        rows = memory(heap)
        show(rows)
        print("after %d verifications" % heap["verifications"])
        return 0 if held(rows) else 1
    turns = read("verify")
    verify = middle(turns, "p256_verify_ns")
    versions = {"OpenSSL": turns[0]["openssl"], "dcap-qvl": turns[0]["dcap_qvl"]["version"],
                "go-tdx-guest": turns[0]["go_tdx_guest"]["version"]}
    rows = verification(turns) + memory(heap) + chain(read("chain")[0], read("reading"), read("knowing")) + \
        system(verify)
    if mode == "--json":
        print(json.dumps({"rows": rows, "versions": versions}))
        return 0
    show(rows)
    print("one P-256 verify: %.1f us" % (verify / 1000))
    print("with " + "; ".join("%s %s" % v for v in versions.items()))
    return 0 if mode not in ("--check", "--test") or held(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
