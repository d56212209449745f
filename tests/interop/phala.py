"""What dcap-qvl says of a quote: the third opinion of tests/interop, and a peer of the benchmarks.  Runs in the
virtual environment that tests/interop/fetch makes; the cases and the answers are those of gotdx/main.go.

    phala.py judge
    phala.py bench FILE ROUNDS BATCH
"""
import base64
import importlib.metadata
import json
import statistics
import sys
import time

import dcap_qvl


def inputs(case):
    bundle = case["bundle"]

    def text(name):
        return bundle.get(name, "")

    def binary(name):
        try:
            return bytes.fromhex(text(name))
        except ValueError:
            return text(name).encode()

    collateral = dcap_qvl.QuoteCollateralV3(
        pck_crl_issuer_chain=text("pck_crl_issuer_chain"),
        root_ca_crl=binary("root_ca_crl"),
        pck_crl=binary("pck_crl"),
        tcb_info_issuer_chain=text("tcb_info_issuer_chain"),
        tcb_info=text("tcb_info"),
        tcb_info_signature=binary("tcb_info_signature"),
        qe_identity_issuer_chain=text("qe_identity_issuer_chain"),
        qe_identity=text("qe_identity"),
        qe_identity_signature=binary("qe_identity_signature"))
    return base64.b64decode(case["quote"]), collateral, base64.b64decode(case["root"])


def verify(quote, collateral, root, at):
    if root:
        return dcap_qvl.verify_with_root_ca(quote, collateral, root, at)
    return dcap_qvl.verify(quote, collateral, at)


def judge(case):
    try:
        return {"verdict": "accept", "status": verify(*inputs(case), case["at"]).status}
    except ValueError as error:
        return {"verdict": "reject", "message": str(error)}
    except BaseException as error:  # a Rust panic is no Exception
        if isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return {"verdict": "reject", "message": str(error), "panic": True}


def bench(file, rounds, batch):
    with open(file, encoding="utf-8") as f:
        case = json.load(f)
    quote, collateral, root = inputs(case)
    took = []
    for _ in range(rounds):
        start = time.process_time_ns()
        for _ in range(batch):
            verify(quote, collateral, root, case["at"])
        took.append((time.process_time_ns() - start) / batch)
    print(json.dumps({"ns": round(statistics.median(took)), "version": importlib.metadata.version("dcap-qvl")}))


if sys.argv[1:] == ["judge"]:
    for line in sys.stdin:
        print(json.dumps(judge(json.loads(line))), flush=True)
elif len(sys.argv) == 5 and sys.argv[1] == "bench":
    bench(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    sys.exit("usage: phala.py judge | phala.py bench FILE ROUNDS BATCH")
