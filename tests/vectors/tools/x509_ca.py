#!/usr/bin/env python3
"""Makes tests/vectors/x509/ca.json: CA certificates by docs/WIRE.md, in plain Python.

Independent of our C and of OpenSSL: its own P-256, RFC 6979 and DER. Usage: x509_ca.py > ../x509/ca.json
"""
import hashlib, hmac, json, sys

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
     0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5)


def add(a, b):
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        m = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        m = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (m * m - a[0] - b[0]) % P
    return x, (m * (a[0] - x) - a[1]) % P


def mul(k, a):
    out = None
    while k:
        if k & 1:
            out = add(out, a)
        a, k = add(a, a), k >> 1
    return out


def rfc6979(d, digest):
    mac = lambda key, msg: hmac.new(key, msg, hashlib.sha256).digest()
    h = (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    v, k, x = b"\1" * 32, b"\0" * 32, d.to_bytes(32, "big")
    for step in (b"\0", b"\1"):
        k = mac(k, v + step + x + h)
        v = mac(k, v)
    while True:
        v = mac(k, v)
        nonce = int.from_bytes(v, "big")
        if 0 < nonce < N:
            r = mul(nonce, G)[0] % N
            s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + r * d) % N
            if r and s:
                return r, min(s, N - s)
        k = mac(k, v + b"\0")
        v = mac(k, v)


def tlv(tag, body):
    n = len(body)
    size = bytes([n]) if n < 128 else bytes([0x81, n]) if n < 256 else bytes([0x82]) + n.to_bytes(2, "big")
    return bytes([tag]) + size + body


def integer(n):
    return tlv(2, n.to_bytes(n.bit_length() // 8 + 1, "big"))


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    body = bytes([arcs[0] * 40 + arcs[1]])
    for arc in arcs[2:]:
        part = [arc & 127]
        while arc := arc >> 7:
            part.insert(0, 128 | arc & 127)
        body += bytes(part)
    return tlv(6, body)


def extension(name, critical, value):
    return tlv(0x30, oid(name) + (tlv(1, b"\xff") if critical else b"") + tlv(4, value))


def ca(d, cn):
    q = mul(d, G)
    point = b"\4" + q[0].to_bytes(32, "big") + q[1].to_bytes(32, "big")
    algorithm = tlv(0x30, oid("1.2.840.10045.2.1") + oid("1.2.840.10045.3.1.7"))
    spki = tlv(0x30, algorithm + tlv(3, b"\0" + point))
    serial = bytearray(hashlib.sha256(b"teereg-ca-serial-v2\0" + spki).digest()[:16])
    serial[0] = serial[0] & 0x3F | 0x40
    signature = tlv(0x30, oid("1.2.840.10045.4.3.2"))
    name = tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.3") + tlv(0x0C, cn.encode()))))
    validity = tlv(0x30, tlv(0x17, b"240101000000Z") + tlv(0x18, b"99991231235959Z"))
    extensions = tlv(0xA3, tlv(0x30,
        extension("2.5.29.19", True, tlv(0x30, tlv(1, b"\xff") + integer(0)))
        + extension("2.5.29.15", True, bytes.fromhex("03020106"))
        + extension("2.5.29.14", False, tlv(4, hashlib.sha256(point).digest()[:20]))))
    tbs = tlv(0x30, tlv(0xA0, integer(2)) + tlv(2, bytes(serial)) + signature + name + validity + name + spki + extensions)
    r, s = rfc6979(d, hashlib.sha256(tbs).digest())
    return tlv(0x30, tbs + signature + tlv(3, b"\0" + tlv(0x30, integer(r) + integer(s)))), spki


def main():
    app = "11" * 20
    cases = [(1, "teereg-ca-%s-0" % app), (N - 1, "teereg-ca-%s-1" % app),
             (int("14788770ee6fd6e16aa3c76f7b37e7f2b459c9f7f015bcce3d43893361a2c6d1", 16),
              "teereg-ca-%s-18446744073709551615" % app)]
    # Enough keys that r and s of every common DER length come by.
    cases += [(int.from_bytes(hashlib.sha256(b"teereg ca vector %d" % i).digest(), "big") % N, "teereg-ca-%s-%d" % (app, i))
              for i in range(2, 26)]
    out = []
    for d, cn in cases:
        der, spki = ca(d, cn)
        out.append({"scalar": "%064x" % d, "common_name": cn, "spki": spki.hex(), "der": der.hex()})
    json.dump({"_about": "CA certificates by tests/vectors/tools/x509_ca.py", "vectors": out}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
