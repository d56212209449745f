#!/usr/bin/env python3
"""The hash of an instance's anchors (docs/WIRE.md, "Security configuration"), from its text alone."""
import hashlib
import json
import struct

MODES = {"trusted": 1, "quorum": 2, "verified": 3}


def lp(x):
    return struct.pack(">I", len(x)) + x


def tlv(tag, value):
    return struct.pack(">H", tag) + lp(value)


def anchors_hash(a):
    endpoints = struct.pack(">H", 1) + lp(a["endpoint"].encode()) + struct.pack(">H", 0)
    body = (
        tlv(1, struct.pack(">Q", a["chain_id"]))
        + tlv(2, bytes.fromhex(a["kms"][2:]))
        + tlv(3, bytes([MODES[a["view_mode"]]]))
        + tlv(4, endpoints)
        + (tlv(6, struct.pack(">I", a["min_delay"])) if a["min_delay"] else b"")
        + tlv(64, bytes.fromhex(a["app"][2:]))
    )
    return hashlib.sha256(b"teereg-config-v2\0" + body).hexdigest()


CASES = [
    {"chain_id": 31337, "kms": "0x" + "11" * 20, "app": "0x" + "22" * 20, "view_mode": "trusted",
     "endpoint": "http://127.0.0.1:8545", "min_delay": 0},
    {"chain_id": 2**53, "kms": "0x" + "a0" * 20, "app": "0x" + "0b" * 20, "view_mode": "quorum",
     "endpoint": "https://node.example/v3/key", "min_delay": 0},
    {"chain_id": 1, "kms": "0x" + "00" * 19 + "01", "app": "0x" + "ff" * 20,
     "view_mode": "verified", "endpoint": "", "min_delay": 0},
    {"chain_id": 31337, "kms": "0x" + "11" * 20, "app": "0x" + "22" * 20, "view_mode": "trusted",
     "endpoint": "http://127.0.0.1:8545", "min_delay": 259200},
]

print(json.dumps({"_about": "made by tests/vectors/tools/anchors.py",
                  "cases": [dict(c, hash=anchors_hash(c)) for c in CASES]}, indent=1))
