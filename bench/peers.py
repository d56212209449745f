#!/usr/bin/env python3
"""Quote verification by ours and by the peers of tests/interop, on the same quote and collateral, on one core.

    peers.py PEERS FOLDER PRIMITIVES TURNS

PEERS is the folder that tests/interop/fetch prints, FOLDER for a file, PRIMITIVES the program bench-primitives.
Prints a JSON object a turn: what bench-primitives measured, and beside it "dcap_qvl" and "go_tdx_guest", each {"ns",
"version"}.  In each turn all three measure their loops one after the other, in processor time, so that a turn's
figures may be divided; every program starts anew in every turn, because where its memory lies counts too."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
INTEROP = os.path.join(ROOT, "tests", "interop")
sys.dont_write_bytecode = True
sys.path.insert(0, INTEROP)
from world import Case, Vectors  # noqa: E402

# What prepare_quote of primitives.c takes, and its AT.
QUOTE, BUNDLE, AT = "quotes/tdx_v4_b0c06f_phala.bin", "collateral/phala_b0c06f_2025-06.json", 1750800000
ROUNDS, BATCH = 5, 20


def measured(command):
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=300, check=True).stdout)


def main():
    peers, folder, primitives, turns = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    vectors = Vectors(os.path.join(ROOT, "tests", "vectors", "dcap"))
    case = Case("bench", vectors.read(QUOTE), vectors.bundle(BUNDLE), AT)
    # go-tdx-guest writes a line about each root that it was not given.
    files = {}
    for who, root in (("dcap_qvl", None), ("go_tdx_guest", vectors.intel_root)):
        files[who] = os.path.join(folder, who + ".case")
        with open(files[who], "w", encoding="utf-8") as f:
            f.write(case.line(root))
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    loop = [str(ROUNDS), str(BATCH)]
    for _ in range(turns):
        turn = measured([primitives, "verify", str(ROUNDS)])
        turn["dcap_qvl"] = measured([os.path.join(peers, "v", "bin", "python"), "-B", os.path.join(INTEROP, "phala.py"), "bench",
                                     files["dcap_qvl"]] + loop)
        turn["go_tdx_guest"] = measured([os.path.join(peers, "gotdx"), "bench", files["go_tdx_guest"]] + loop)
        print(json.dumps(turn), flush=True)


main()
