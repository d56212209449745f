"""The part of the corpus of tests/interop that is changed byte by byte: whatever a host on the way can do to
quotes and collateral that Intel signed."""
import base64
import calendar
import random
import re
import time

import pki
from world import Case

# The fields of a version 4 quote and of its signature data (offsets from the start of each).
V4 = [("version", 0, 2), ("key-type", 2, 2), ("tee-type", 4, 4), ("reserved", 8, 4), ("vendor", 12, 16), ("user-data", 28, 20),
      ("teetcbsvn", 48, 16), ("mrseam", 64, 48), ("mrsignerseam", 112, 48), ("seamattributes", 160, 8), ("tdattributes", 168, 8),
      ("xfam", 176, 8), ("mrtd", 184, 48), ("mrconfigid", 232, 48), ("mrowner", 280, 48), ("mrownerconfig", 328, 48), ("rtmr0", 376, 48),
      ("rtmr1", 424, 48), ("rtmr2", 472, 48), ("rtmr3", 520, 48), ("reportdata", 568, 64)]
V5 = V4[:6] + [("body-type", 48, 2), ("body-size", 50, 4)] + [(n, at + 6, size) for n, at, size in V4[6:]] + [
    ("teetcbsvn2", 638, 16), ("mrservicetd", 654, 48)]
SIGNATURE = [("length", 0, 4), ("signature", 4, 64), ("key", 68, 64), ("outer-type", 132, 2), ("outer-size", 134, 4),
             ("qe-cpusvn", 138, 16), ("qe-miscselect", 154, 4), ("qe-attributes", 186, 16), ("qe-mrenclave", 202, 32), ("qe-mrsigner", 266, 32),
             ("qe-prodid", 394, 2), ("qe-isvsvn", 396, 2), ("qe-reportdata", 458, 64), ("qe-signature", 522, 64), ("auth-size", 586, 2), ("auth", 588, 32),
             ("inner-type", 620, 2), ("inner-size", 622, 4)]


def unix(stamp):
    return calendar.timegm(time.strptime(stamp, "%Y-%m-%dT%H:%M:%SZ"))


def flipped(data, at, bit):
    return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1:]


def fields(quote):
    """(name, offset, size) of everything but the certificates, and the offset of the signature data's length."""
    head = V4 if quote[0] == 4 else V5
    length = 632 if quote[0] == 4 else 54 + int.from_bytes(quote[50:54], "little")
    return [f for f in head if f[1] + f[2] <= length] + [("data-" + n, length + at, size) for n, at, size in SIGNATURE], length


def quotes(label, quote, bundle, at, rng, per_field):
    where, length = fields(quote)
    end = length + 4 + int.from_bytes(quote[length:length + 4], "little")

    def case(name, changed):
        return Case("%s/%s" % (label, name), changed, bundle, at)

    yield case("as-it-is", quote)
    for name, start, size in where:
        for i in range(min(per_field, size * 8)):
            at_byte, bit = start + rng.randrange(size), rng.randrange(8)
            yield case("flip-%s-%d.%d" % (name, at_byte - start, bit), flipped(quote, at_byte, bit))
    lengths = [("data-length", length, 4), ("outer-size", length + 134, 4), ("auth-size", length + 586, 2), ("inner-size", length + 622, 4)]
    for name, start, size in lengths:
        value = int.from_bytes(quote[start:start + size], "little")
        for new in {0, 1, value - 1, value + 1, value * 2, 2**(8 * size - 1), 2**(8 * size) - 1}:
            yield case("%s-%d" % (name, new), quote[:start] + new.to_bytes(size, "little") + quote[start + size:])
    cuts = {0, 1, 47, 48, length - 1, length, length + 3, length + 4, length + 5, end - 1, end} | {start for _, start, _ in where}
    cuts |= {rng.randrange(end) for _ in range(4 * per_field)}
    for cut in sorted(c for c in cuts if c < len(quote)):
        yield case("cut-at-%d" % cut, quote[:cut])
    chain = quote.index(b"-----BEGIN", length)
    text = quote[chain:end]
    for i in range(6 * per_field):
        spot = rng.randrange(len(text))
        yield case("flip-pem-%d" % spot, quote[:chain] + flipped(text, spot, rng.randrange(8)) + quote[end:])

    # A chain of another size, with the lengths made to fit.
    def with_chain(name, changed):
        head = bytearray(quote[:chain])
        grown = len(changed) - len(text)
        for _, start, size in (lengths[0], lengths[1], lengths[3]):
            head[start:start + size] = (int.from_bytes(head[start:start + size], "little") + grown).to_bytes(size, "little")
        return case("chain-" + name, bytes(head) + changed + quote[end:])
    leaf, ca, root = pki.ders(text.decode("latin1"))
    for name, ders in {"swapped": (ca, leaf, root), "root-before-ca": (leaf, root, ca), "reversed": (root, ca, leaf), "leaf-only": (leaf,),
                       "without-root": (leaf, ca), "leaf-twice": (leaf, leaf, ca, root)}.items():
        yield with_chain(name, pki.pem(*ders).encode())
    for name, der in (("leaf", leaf), ("ca", ca), ("root", root)):
        for i in range(6 * per_field):
            spot, bit = rng.randrange(len(der)), rng.randrange(8)
            changed = {"leaf": leaf, "ca": ca, "root": root}
            changed[name] = flipped(der, spot, bit)
            yield with_chain("flip-%s-%d.%d" % (name, spot, bit), pki.pem(*changed.values()).encode() + b"\0")
    for name, tail in (("zero", b"\0"), ("text", b"trailing"), ("itself", quote), ("long", bytes(20000))):
        yield case("trailing-" + name, quote[:end] + tail)


def hex_flip(text, rng):
    data = bytes.fromhex(text)
    return flipped(data, rng.randrange(len(data)), rng.randrange(8)).hex()


def pem_flip(text, which, rng):
    made = pki.ders(text)
    made[which] = flipped(made[which], rng.randrange(len(made[which])), rng.randrange(8))
    return pki.pem(*made)


def text_flip(text, rng):
    """Another character for one; the result is still text."""
    at = rng.randrange(len(text))
    return text[:at] + rng.choice([c for c in "0123456789abcdefXYZ{}[]\",: " if c != text[at]]) + text[at + 1:]


def bundles(label, quote, bundle, others, at, rng, count):
    def case(name, changed, moment=at):
        return Case("%s/%s" % (label, name), quote, changed, moment)

    for member in sorted(bundle):
        yield case("without-" + member, {k: v for k, v in bundle.items() if k != member})
        yield case("empty-" + member, dict(bundle, **{member: ""}))
        for i in range(count):
            value = bundle[member]
            if member.endswith("chain"):
                changed = pem_flip(value, i % 2, rng)
            elif member.endswith("crl") or member.endswith("signature"):
                changed = hex_flip(value, rng)
            else:
                changed = text_flip(value, rng)
            yield case("flip-%s-%d" % (member, i), dict(bundle, **{member: changed}))
    for name, other in others:
        for part in (("tcb_info", "tcb_info_signature", "tcb_info_issuer_chain"), ("qe_identity", "qe_identity_signature", "qe_identity_issuer_chain"),
                     ("tcb_info",), ("tcb_info_signature",), ("root_ca_crl",), ("pck_crl", "pck_crl_issuer_chain"), ("pck_crl",)):
            if all(p in other for p in part):
                yield case("swap-%s-%s" % ("+".join(part), name), dict(bundle, **{p: other[p] for p in part}))
    yield case("upper-signature", dict(bundle, tcb_info_signature=bundle["tcb_info_signature"].upper()))
    yield case("spaces", dict(bundle, tcb_info=re.sub('":', '": ', bundle["tcb_info"])))
    yield case("pem-crl", dict(bundle, pck_crl="-----BEGIN X509 CRL-----\n%s\n-----END X509 CRL-----\n" % base64.encodebytes(
        bytes.fromhex(bundle["pck_crl"])).decode().strip()))


def moments(label, quote, bundle):
    """About every date of the collateral."""
    stamps = set()
    for text in (bundle["tcb_info"], bundle["qe_identity"]):
        stamps |= {unix(t) for t in re.findall(r'"(?:issueDate|nextUpdate)":"([^"]+)"', text)}
    for member in ("root_ca_crl", "pck_crl"):
        if bundle.get(member):
            parts = pki.elements(pki.elements(pki.tbs_of(bytes.fromhex(bundle[member])))[0][2])
            stamps |= {unix("20%s-%s-%sT%s:%s:%sZ" % tuple(re.findall("..", value.decode()))) for tag, _, value in parts if tag == 0x17
                       for value in [value[:12]]}
    for stamp in sorted(stamps):
        for shift in (-1, 0, 1):
            yield Case("%s/%d%+d" % (label, stamp, shift), quote, bundle, stamp + shift)
    for at in (0, 1, 1500000000, 1600000000, 1790000000, 2085000000, 2400000000, 4102444800, 2**32, 2**33):
        yield Case("%s/at-%d" % (label, at), quote, bundle, at)


def all_mutants(vectors, per_field):
    rng = random.Random("mutants")
    phala = vectors.bundle("collateral/phala_b0c06f_2025-06.json")
    google = vectors.bundle("collateral/phala_90c06f_2026-02.json")
    v4, v5 = (vectors.read("quotes/" + n) for n in ("tdx_v4_b0c06f_phala.bin", "tdx_v5_b3_90c06f_google.bin"))
    yield from quotes("v4", v4, phala, 1750800000, rng, per_field)
    yield from quotes("v5", v5, google, 1771500000, rng, per_field)
    padded = vectors.read("quotes/tdx_v4_00806f05_gcp_flashbots.bin")
    yield from quotes("padded", padded, vectors.bundle("collateral/flashbots_00806f05_2026-01.json"), 1770000000, rng, 1)
    others = [(n.split(".")[0], vectors.bundle("collateral/" + n)) for n in vectors.bundles]
    yield from bundles("bundle4", v4, phala, others, 1750800000, rng, 6 * per_field)
    yield from bundles("bundle5", v5, google, others, 1771500000, rng, 3 * per_field)
    yield from moments("time4", v4, phala)
    yield from moments("time5", v5, google)
