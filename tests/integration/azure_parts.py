#!/usr/bin/env python3
"""azure_parts.py FILE FOLDER: takes an encoding of attest/azure_evidence.h apart, independently."""
import struct
import sys

data = open(sys.argv[1], "rb").read()
at = 0


def take(n):
    global at
    assert at + n <= len(data), "cut short"
    at += n
    return data[at - n:at]


def lp():
    return take(struct.unpack(">I", take(4))[0])


assert take(2) == b"\0\1", "version"
parts = {name: lp() for name in ("quote", "hcl", "attest", "signature")}
parts["pcrs"] = take(24 * 32)
parts["chain"] = lp()
assert at == len(data), "bytes behind"
for name, value in parts.items():
    open("%s/%s" % (sys.argv[2], name), "wb").write(value)

# The chain as PEM, for openssl.
import base64  # noqa: E402
chain, pem = parts["chain"], ""
while chain:
    assert chain[:2] == b"\x30\x82", "no certificate"
    n = 4 + struct.unpack(">H", chain[2:4])[0]
    pem += "-----BEGIN CERTIFICATE-----\n%s-----END CERTIFICATE-----\n" % base64.encodebytes(chain[:n]).decode()
    chain = chain[n:]
open(sys.argv[2] + "/chain.pem", "w").write(pem)
