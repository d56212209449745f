#!/usr/bin/env python3
"""The throw-away root certificate of the simulated platform, made without our C code.

Prints tests/vectors/sim/root.json.  The scalar is SHA-256("teereg-sim-v1\\0" || lp("") ||
lp("root")) with its top bit cleared; the signature is RFC 6979, low-s.
"""
import hashlib
import hmac
import json

P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def add(a, b):
    if a is None:
        return b
    if b is None:
        return a
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        m = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P) % P
    else:
        m = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (m * m - a[0] - b[0]) % P
    return x, (m * (a[0] - x) - a[1]) % P


def mul(k, point):
    out = None
    while k:
        if k & 1:
            out = add(out, point)
        point = add(point, point)
        k >>= 1
    return out


def lp(x):
    return len(x).to_bytes(4, "big") + x


def tlv(tag, body):
    n = len(body)
    if n < 128:
        head = bytes([n])
    else:
        size = n.to_bytes((n.bit_length() + 7) // 8, "big")
        head = bytes([0x80 | len(size)]) + size
    return bytes([tag]) + head + body


def oid(text):
    arcs = [int(a) for a in text.split(".")]
    out = bytes([40 * arcs[0] + arcs[1]])
    for arc in arcs[2:]:
        part = [arc & 0x7f]
        while arc := arc >> 7:
            part.insert(0, 0x80 | arc & 0x7f)
        out += bytes(part)
    return tlv(6, out)


def seq(*parts):
    return tlv(0x30, b"".join(parts))


def integer(v):
    return tlv(2, v.to_bytes(v.bit_length() // 8 + 1, "big"))


def name(cn):
    rdn = lambda o, tag, v: tlv(0x31, seq(oid(o), tlv(tag, v.encode())))
    return seq(rdn("2.5.4.3", 12, cn), rdn("2.5.4.10", 12, "SIMULATED by teereg-sim, not Intel"),
               rdn("2.5.4.7", 12, "Santa Clara"), rdn("2.5.4.8", 12, "CA"), rdn("2.5.4.6", 19, "US"))


def extension(o, critical, body):
    return seq(oid(o), *([tlv(1, b"\xff")] if critical else []), tlv(4, body))


def sign(d, message):
    h = hashlib.sha256(message).digest()
    z = (int.from_bytes(h, "big") % N).to_bytes(32, "big")
    x = d.to_bytes(32, "big")
    mac = lambda key, data: hmac.new(key, data, hashlib.sha256).digest()
    v, k = b"\1" * 32, b"\0" * 32
    for step in (b"\0", b"\1"):
        k = mac(k, v + step + x + z)
        v = mac(k, v)
    while True:
        v = mac(k, v)
        nonce = int.from_bytes(v, "big")
        if 0 < nonce < N:
            r = mul(nonce, G)[0] % N
            s = pow(nonce, -1, N) * (int.from_bytes(h, "big") + r * d) % N
            if r and s:
                return seq(integer(r), integer(min(s, N - s)))
        k = mac(k, v + b"\0")
        v = mac(k, v)


def main():
    seed = bytearray(hashlib.sha256(b"teereg-sim-v1\0" + lp(b"") + lp(b"root")).digest())
    seed[0] &= 0x7f
    d = int.from_bytes(seed, "big")
    x, y = mul(d, G)
    point = b"\4" + x.to_bytes(32, "big") + y.to_bytes(32, "big")
    spki = seq(seq(oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), tlv(3, b"\0" + point))
    key_id = hashlib.sha256(point).digest()[:20]  # RFC 7093 method 1
    serial = bytearray(hashlib.sha256(spki).digest()[:16])
    serial[0] = serial[0] & 0x3f | 0x40
    algorithm = seq(oid("1.2.840.10045.4.3.2"))
    subject = name("Intel SGX Root CA")
    uri = b"http://simulated.invalid/root.crl"
    tbs = seq(
        tlv(0xa0, integer(2)), tlv(2, bytes(serial)), algorithm, subject,
        seq(tlv(23, b"240101000000Z"), tlv(23, b"491231235959Z")), subject, spki,
        tlv(0xa3, seq(
            extension("2.5.29.35", False, seq(tlv(0x80, key_id))),
            extension("2.5.29.31", False, seq(seq(tlv(0xa0, tlv(0xa0, tlv(0x86, uri)))))),
            extension("2.5.29.14", False, tlv(4, key_id)),
            extension("2.5.29.15", True, tlv(3, b"\1\6")),
            extension("2.5.29.19", True, seq(tlv(1, b"\xff"), tlv(2, b"\1"))))))
    der = seq(tbs, algorithm, tlv(3, b"\0" + sign(d, tbs)))
    print(json.dumps({
        "_about": "made by tests/vectors/tools/sim_root.py",
        "scalar": bytes(seed).hex(), "spki": spki.hex(), "certificate": der.hex(),
        "certificate_sha256": hashlib.sha256(der).hexdigest()}, indent=1))


main()
