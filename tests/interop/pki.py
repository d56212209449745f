"""A platform of our own under Intel's names, for tests/interop: Intel's certificates and revocation lists with
our keys in them, so that quotes and collateral can be changed behind their signatures.  Every byte follows from
the vectors and the labels of the keys.  Pure Python, in variable time, with keys that everybody can compute."""
import base64
import functools
import hashlib
import re

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def _double(p):
    x, y, z = p
    if not z:
        return p
    zz = z * z % P
    m = 3 * (x - zz) * (x + zz) % P
    yy = y * y % P
    s = 4 * x * yy % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add_affine(p, q):
    x1, y1, z1 = p
    if not z1:
        return q[0], q[1], 1
    zz = z1 * z1 % P
    h, r = (q[0] * zz - x1) % P, (q[1] * zz * z1 - y1) % P
    if not h:
        return _double(p) if not r else (1, 1, 0)
    hh = h * h % P
    hhh, v = h * hh % P, x1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - y1 * hhh) % P, z1 * h % P


def _multiply(k):
    p = (1, 1, 0)
    for bit in bin(k)[2:]:
        p = _double(p)
        if bit == "1":
            p = _add_affine(p, G)
    inverse = pow(p[2], -1, P)
    return p[0] * inverse**2 % P, p[1] * inverse**3 % P


class Key:
    """The P-256 key of a label."""

    def __init__(self, label):
        self.d = int.from_bytes(hashlib.sha256(label.encode()).digest(), "big") % (N - 1) + 1
        x, y = _multiply(self.d)
        self.point = x.to_bytes(32, "big") + y.to_bytes(32, "big")

    @functools.lru_cache(maxsize=None)
    def sign(self, message):
        """r || s, 64 bytes."""
        e = int.from_bytes(hashlib.sha256(message).digest(), "big")
        k = int.from_bytes(hashlib.sha256(self.d.to_bytes(32, "big") + message).digest(), "big") % (N - 1) + 1
        r = _multiply(k)[0] % N
        s = pow(k, -1, N) * (e + r * self.d) % N
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def tlv(tag, *values):
    value = b"".join(values)
    n = len(value)
    length = bytes([n]) if n < 128 else bytes([0x80 + (n.bit_length() + 7) // 8]) + n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + value


def elements(der):
    """The elements of a string of DER, each as (tag, whole element, value)."""
    found, at = [], 0
    while at < len(der):
        n, start = der[at + 1], at + 2
        if n >= 0x80:
            start += n - 0x80
            n = int.from_bytes(der[at + 2:start], "big")
        found.append((der[at], der[at:start + n], der[start:start + n]))
        at = start + n
    return found


def integer(value):
    return tlv(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def utc(stamp):
    """YYMMDDhhmmssZ as UTCTime."""
    return tlv(0x17, stamp.encode())


def signed(tbs, key):
    """The certificate or list of this to-be-signed part."""
    algorithm = bytes.fromhex("300a06082a8648ce3d040302")
    raw = key.sign(tbs)
    signature = tlv(0x30, *(integer(int.from_bytes(half, "big")) for half in (raw[:32], raw[32:])))
    return tlv(0x30, tbs, algorithm, tlv(3, b"\0", signature))


def tbs_of(der):
    return elements(elements(der)[0][2])[0][1]


def with_key(tbs, key):
    """The same with another public key: Intel's point is the one behind the header of P-256."""
    header = bytes.fromhex("06082a8648ce3d03010703420004")
    at = tbs.index(header) + len(header)
    return tbs[:at] + key.point + tbs[at + 64:]


def edited(tbs, index, value):
    """The same with another element at this place."""
    parts = [whole for _, whole, _ in elements(elements(tbs)[0][2])]
    parts[index] = value
    return tlv(0x30, *parts)


def swapped(tbs, old, new):
    """The same with other bytes of the same number; they must occur."""
    assert len(old) == len(new) and old in tbs, (old, new)
    return tbs.replace(old, new)


def with_names(tbs, old, new):
    """The same with another common name: old and new as long as each other."""
    return swapped(tbs, old.encode(), new.encode())


def pem(*ders):
    text = ""
    for der in ders:
        body = base64.b64encode(der).decode()
        lines = [body[i:i + 64] for i in range(0, len(body), 64)]
        text += "-----BEGIN CERTIFICATE-----\n" + "\n".join(lines) + "\n-----END CERTIFICATE-----\n"
    return text


def ders(text):
    return [base64.b64decode(body) for body in
            re.findall("-----BEGIN CERTIFICATE-----(.*?)-----END CERTIFICATE-----", text, re.S)]


def revoking(tbs, *serials):
    """A revocation list with more serial numbers (their values, as in the certificate)."""
    parts = elements(elements(tbs)[0][2])
    entries = [whole for _, whole, _ in elements(parts[5][2])] if parts[5][0] == 0x30 else []
    entries += [tlv(0x30, tlv(2, serial), utc("250101000000Z")) for serial in serials]
    rest = [whole for _, whole, _ in parts[5:] if whole[0] == 0xa0]
    return tlv(0x30, *(whole for _, whole, _ in parts[:5]), tlv(0x30, *entries), *rest)


def serial(der):
    """The value of a certificate's serial number."""
    return elements(elements(tbs_of(der))[0][2])[1][2]


SGX_OID = bytes.fromhex("060a2a864886f84d010d01")


def sgx_value(tbs, arc, value):
    """The leaf with another value of the SGX extension: arc (4,) is the FMSPC, (2, 3) component 3; `value` is the
    whole element and as long as the one it replaces."""
    name = bytes([6, 9 + len(arc)]) + SGX_OID[2:11] + bytes(arc)
    at = tbs.index(name) + len(name)
    assert len(elements(tbs[at:at + len(value)])[0][1]) == len(value)
    return tbs[:at] + value + tbs[at + len(value):]
