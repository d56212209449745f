#!/usr/bin/env python3
"""What RTMR3 is extended with for a configuration, and what it then is (docs/WIRE.md), from its text alone."""
import hashlib
import json

CASES = ["00" * 32, "11" * 32, hashlib.sha256(b"a configuration").hexdigest()]


def case(config_hash):
    digest = hashlib.sha384(b"teereg-rtmr3-v2\0" + bytes.fromhex(config_hash)).digest()
    return {
        "config_hash": config_hash,
        "digest": digest.hex(),
        "rtmr3": hashlib.sha384(bytes(48) + digest).hexdigest(),
    }


print(json.dumps({"_about": "made by tests/vectors/tools/rtmr3.py", "cases": [case(c) for c in CASES]}, indent=1))
