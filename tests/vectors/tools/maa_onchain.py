#!/usr/bin/env python3
"""Writes ../maa-onchain/vectors.json: what MaaVerifier.sol is tested with.

No public token of a TDX machine exists, so these are made: the claims of Microsoft's documentation and of
the real azurevm tokens in ../dcap/maa, signed with keys that are made anew at each run and thrown away,
and quotes of a vTPM by the key that the token names.  Each negative case has one thing wrong and is signed
like the others.
"""
import base64
import copy
import hashlib
import json
import os
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

HERE = os.path.dirname(os.path.abspath(__file__))
NOW = 1770000000
ISS = "https://sharedeus2.eus2.attest.azure.net"
POLICY = "B56nbp5slhw66peoRYkpdq1WykMkEworvdol08hnMXE"
KID = "dGVlcmVnIG9uY2hhaW4gdGVzdCBrZXkgMQ=="
REPORT = bytes(range(64))


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def modulus(key):
    n = key.public_key().public_numbers().n
    return n.to_bytes((n.bit_length() + 7) // 8, "big")


def sign(key, data):
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def jwk(kid, use, key):
    return {"e": "AQAB", "key_ops": [use], "kid": kid, "kty": "RSA", "n": b64(modulus(key))}


def compact(obj):
    return json.dumps(obj, separators=(",", ":"))


signer, other, ak, ek = (rsa.generate_private_key(65537, 2048) for _ in range(4))
wide = rsa.generate_private_key(65537, 4096)
# So small that a signature and the modulus together may still have 2048 bits.
while int.from_bytes(modulus(signer), "big") >> 2045 != 4:
    signer = rsa.generate_private_key(65537, 2048)


def tdx():
    zero = "0" * 96
    c = {
        "attester_tcb_status": "UpToDate",
        "dbgstat": "disabled",
        "eat_profile": "https://aka.ms/maa-eat-profile-tdxvm",
        "intuse": "generic",
    }
    for name in ("mrconfigid", "mrowner", "mrownerconfig"):
        c["tdx_" + name] = zero
    c["tdx_mrseam"] = hashlib.sha384(b"mrseam").hexdigest()
    c["tdx_mrsignerseam"] = zero
    c["tdx_mrtd"] = hashlib.sha384(b"mrtd").hexdigest()
    c["tdx_report_data"] = hashlib.sha256(b"runtime").hexdigest() + "0" * 64
    for i in range(4):
        c[f"tdx_rtmr{i}"] = zero
    c["tdx_seam_attributes"] = "0" * 16
    c["tdx_seamsvn"] = 3
    c["tdx_td_attributes"] = "0" * 16
    for name in ("debug", "key_locker", "perfmon", "protection_keys", "septve_disable"):
        c["tdx_td_attributes_" + name] = False
    c["tdx_tee_tcb_svn"] = "03000600000000000000000000000000"
    c["tdx_xfam"] = "e718060000000000"
    c["x-ms-attestation-type"] = "tdxvm"
    c["x-ms-compliance-status"] = "azure-compliant-cvm"
    c["x-ms-runtime"] = {
        "keys": [jwk("HCLAkPub", "sign", ak), jwk("HCLEkPub", "encrypt", ek)],
        "user-data": "0" * 128,
        "vm-configuration": {
            "console-enabled": True,
            "secure-boot": True,
            "tpm-enabled": True,
            "vmUniqueId": "ABD9EA99-D837-4F68-AD3E-C87C88006AFA",
        },
    }
    return c


def times():
    return {"exp": NOW + 14400, "iat": NOW - 14400, "iss": ISS, "jti": "1" * 64, "nbf": NOW - 14400}


def tdxvm():
    return {**times(), **tdx(), "x-ms-policy-hash": POLICY, "x-ms-ver": "1.0"}


def azurevm():
    c = times()
    c["secureboot"] = True
    c["x-ms-attestation-type"] = "azurevm"
    c["x-ms-azurevm-attestation-protocol-ver"] = "3.0"
    c["x-ms-azurevm-attested-pcrs"] = [0, 1, 2, 3, 4, 5, 6, 7]
    for name in ("bootdebug-enabled", "hypervisordebug-enabled", "kerneldebug-enabled"):
        c["x-ms-azurevm-" + name] = False
    for name in ("dbvalidated", "dbxvalidated", "debuggersdisabled", "signingdisabled"):
        c["x-ms-azurevm-" + name] = True
    c["x-ms-azurevm-osdistro"] = "Ubuntu"
    c["x-ms-azurevm-ostype"] = "Linux"
    c["x-ms-azurevm-osversion-major"] = 24
    c["x-ms-azurevm-vmid"] = "ABD9EA99-D837-4F68-AD3E-C87C88006AFA"
    c["x-ms-isolation-tee"] = tdx()
    c["x-ms-policy-hash"] = POLICY
    # What the guest says of itself, with the names that the machine's claims have.
    c["x-ms-runtime"] = {
        "client-payload": {"nonce": "bm9uY2U=", "tdx_mrtd": "f" * 96},
        "keys": [jwk("TpmEphemeralEncryptionKey", "encrypt", other)],
    }
    c["x-ms-ver"] = "1.0"
    return c


def token(claims, key=signer, header=None, text=None):
    if header is None:
        header = {"alg": "RS256", "jku": ISS + "/certs", "kid": KID, "typ": "JWT"}
    head = header if isinstance(header, str) else compact(header)
    body = b64(head.encode()) + "." + b64((text or compact(claims)).encode())
    return body + "." + b64(sign(key, body.encode()))


PCRS = [hashlib.sha256(b"pcr %d" % i).digest() for i in range(24)]


def attest(pcrs=None, extra=None, magic=0xFF544347, kind=0x8018, select=b"\0\0\0\1\0\x0b\3\xff\xff\xff"):
    signer_name = b"\0\x0b" + hashlib.sha256(b"name").digest()
    extra = hashlib.sha256(REPORT).digest() if extra is None else extra
    digest = hashlib.sha256(b"".join(pcrs or PCRS)).digest()
    out = struct.pack(">IH", magic, kind) + struct.pack(">H", len(signer_name)) + signer_name
    out += struct.pack(">H", len(extra)) + extra + bytes(17) + bytes(8)
    return out + select + struct.pack(">H", 32) + digest


def case(name, why, tok=None, quote=None, by=ak, pcrs=None, signature=None):
    quote = attest() if quote is None else quote
    return {
        "name": name,
        "why": why,
        "token": good if tok is None else tok,
        "quote": "0x" + quote.hex(),
        "signature": "0x" + (sign(by, quote) if signature is None else signature).hex(),
        "pcrs": "0x" + b"".join(pcrs or PCRS).hex(),
    }


def changed(make, *path):
    """The claims with one of them set, or taken away where the value is None."""
    c = make()
    at = c
    for step in path[:-2]:
        at = at[step]
    if path[-1] is None:
        del at[path[-2]]
    else:
        at[path[-2]] = path[-1]
    return c


good = token(tdxvm())
guest = token(azurevm())
padded = azurevm()
padded["x-ms-runtime"]["client-payload"]["fill"] = ""
fill = 0
while len(token(padded)) < 6490:
    fill += 1
    padded["x-ms-runtime"]["client-payload"]["fill"] = "A" * fill

cases = []


def wrong(name, why, *path, make=tdxvm):
    cases.append(case(name, why, token(changed(make, *path))))


wrong("other_issuer", "WrongIssuer()", "iss", "https://evil.eus2.attest.azure.net")
wrong("no_issuer", "WrongIssuer()", "iss", None)
wrong("expired", "TokenNotValidNow()", "exp", NOW)
wrong("not_yet", "TokenNotValidNow()", "nbf", NOW + 1)
wrong("issued_after_its_beginning", "TokenNotValidNow()", "iat", NOW - 14399)
wrong("lives_too_long", "TokenNotValidNow()", "exp", NOW + 14401)
wrong("no_exp", "BadClaim(bytes32)", "exp", None)
wrong("fraction_in_exp", "BadJson(uint256)", "exp", NOW + 0.5)
wrong("other_version", "BadClaim(bytes32)", "x-ms-ver", "2.0")
wrong("no_version", "BadClaim(bytes32)", "x-ms-ver", None)
wrong("other_policy", "WrongPolicy()", "x-ms-policy-hash", "A" * 43)
wrong("no_policy", "WrongPolicy()", "x-ms-policy-hash", None)
wrong("sgx", "NotTdx()", "x-ms-attestation-type", "sgx")
wrong("sevsnpvm", "NotTdx()", "x-ms-isolation-tee", "x-ms-attestation-type", "sevsnpvm", make=azurevm)
wrong("guest_without_machine", "NotTdx()", "x-ms-isolation-tee", None, make=azurevm)
wrong("not_compliant", "BadClaim(bytes32)", "x-ms-compliance-status", "none")
wrong("no_compliance", "BadClaim(bytes32)", "x-ms-compliance-status", None)
wrong("out_of_date", "BadClaim(bytes32)", "attester_tcb_status", "OutOfDate")
wrong("no_status", "BadClaim(bytes32)", "attester_tcb_status", None)
wrong("debug_status", "BadClaim(bytes32)", "dbgstat", "enabled")
wrong("debug_claim", "Debuggable()", "tdx_td_attributes_debug", True)
wrong("debug_bit", "Debuggable()", "tdx_td_attributes", "0100000000000000")
wrong("migratable", "BadAttributes()", "tdx_td_attributes", "0000002000000000")
wrong("reserved_bit", "BadAttributes()", "tdx_td_attributes", "0001000000000000")
wrong("kernel_debug", "Debuggable()", "x-ms-azurevm-kerneldebug-enabled", True, make=azurevm)
wrong("boot_debug", "Debuggable()", "x-ms-azurevm-bootdebug-enabled", True, make=azurevm)
wrong("hypervisor_debug", "Debuggable()", "x-ms-azurevm-hypervisordebug-enabled", True, make=azurevm)
wrong("debuggers_enabled", "Debuggable()", "x-ms-azurevm-debuggersdisabled", False, make=azurevm)
wrong("xfam_fixed", "BadXfam()", "tdx_xfam", "e618060000000000")
wrong("xfam_unknown", "BadXfam()", "tdx_xfam", "e718060000000080")
for i in range(4):
    wrong(f"rtmr{i}", "BadRegister(bytes32)", f"tdx_rtmr{i}", "0" * 95 + "1")
wrong("other_module", "BadRegister(bytes32)", "tdx_mrsignerseam", "1" + "0" * 95)
wrong("seam_attributes", "BadRegister(bytes32)", "tdx_seam_attributes", "01" + "0" * 14)
wrong("no_mrtd", "BadClaim(bytes32)", "tdx_mrtd", None)
wrong("short_mrtd", "BadJson(uint256)", "tdx_mrtd", "0" * 94)
wrong("mrtd_not_hex", "BadJson(uint256)", "tdx_mrtd", "g" * 96)
wrong("no_runtime", "NoHclAkPub()", "x-ms-runtime", None)
wrong("no_keys", "NoHclAkPub()", "x-ms-runtime", {"keys": []})
wrong("no_ak", "NoHclAkPub()", "x-ms-runtime", {"keys": [jwk("HCLEkPub", "encrypt", ek)]})
wrong("two_aks", "NoHclAkPub()", "x-ms-runtime", {"keys": [jwk("HCLAkPub", "sign", ak)] * 2})
wrong("ak_with_other_exponent", "NoHclAkPub()", "x-ms-runtime",
      {"keys": [{**jwk("HCLAkPub", "sign", ak), "e": "Aw"}]})
wrong("ak_is_another", "BadTpmSignature()", "x-ms-runtime", {"keys": [jwk("HCLAkPub", "sign", other)]})
wrong("guests_own_claims_do_not_count", "BadClaim(bytes32)", "x-ms-isolation-tee", "tdx_mrtd", None,
      make=azurevm)

text = compact(tdxvm())
for name, why, put in (
    ("twice", "BadClaim(bytes32)", text[:-1] + ',"iss":"' + ISS + '"}'),
    ("behind", "BadJson(uint256)", text + "{}"),
    ("space", "BadJson(uint256)", " " + text),
    ("escaped", "BadJson(uint256)", text.replace('"iss"', '"\\u0069ss"')),
    ("deep", "BadJson(uint256)", text[:-1] + ',"a":' + "[" * 17 + "]" * 17 + "}"),
    ("unbalanced", "BadJson(uint256)", text[:-1] + ',"a":[}]}'),
    ("empty", "BadJson(uint256)", "{}"),
):
    cases.append(case(name, why, token(None, text=put)))

head = {"alg": "RS256", "jku": ISS + "/certs", "kid": KID, "typ": "JWT"}
for name, why, h in (
    ("alg_none", "BadHeader()", {**head, "alg": "none"}),
    ("alg_hs256", "BadHeader()", {**head, "alg": "HS256"}),
    ("alg_rs384", "BadHeader()", {**head, "alg": "RS384"}),
    ("crit", "BadHeader()", {**head, "crit": "exp"}),
    ("jwk", "BadHeader()", {**head, "jwk": "x"}),
    ("other_type", "BadHeader()", {**head, "typ": "JOSE"}),
    ("no_kid", "BadHeader()", {"alg": "RS256"}),
    ("unknown_kid", "UnknownKey()", {**head, "kid": "x"}),
    ("alg_twice", "BadHeader()", compact(head)[:-1] + ',"alg":"none"}'),
):
    cases.append(case(name, why, token(tdxvm(), header=h)))

parts = good.split(".")
cases.append(case("by_another_key", "BadTokenSignature()", token(tdxvm(), key=other)))
cases.append(case("signature_of_4096_bits", "BadTokenSignature()", token(tdxvm(), key=wide)))
cases.append(case("no_signature", "BadTokenSignature()", parts[0] + "." + parts[1] + "."))
cases.append(case("too_long", "BadToken()", token({**tdxvm(), "fill": "A" * 8000})))
n = int.from_bytes(modulus(signer), "big")
for i in range(1000):
    parts = token({**tdxvm(), "jti": f"{i:064}"}).split(".")
    bigger = int.from_bytes(base64.urlsafe_b64decode(parts[2] + "=="), "big") + n
    if bigger < 1 << 2048:
        break
cases.append(case("signature_plus_n", "BadTokenSignature()",
                  ".".join(parts[:2]) + "." + b64(bigger.to_bytes(256, "big"))))

cases.append(case("quote_by_another_key", "BadTpmSignature()", by=other))
cases.append(case("quote_unsigned", "BadTpmSignature()", signature=bytes(256)))
cases.append(case("quote_magic", "BadTpmQuote()", quote=attest(magic=0xFF544348)))
cases.append(case("quote_type", "BadTpmQuote()", quote=attest(kind=0x8017)))
cases.append(case("other_nonce", "BadReportData()", quote=attest(extra=bytes(32))))
cases.append(case("short_nonce", "BadTpmQuote()", quote=attest(extra=bytes(31))))
cases.append(case("no_nonce", "BadTpmQuote()", quote=attest(extra=b"")))
cases.append(case("subset_of_pcrs", "BadPcrs()", quote=attest(select=b"\0\0\0\1\0\x0b\3\xff\xff\x7f")))
cases.append(case("bank_of_sha1", "BadPcrs()", quote=attest(select=b"\0\0\0\1\0\x04\3\xff\xff\xff")))
cases.append(case("two_banks", "BadPcrs()",
                  quote=attest(select=b"\0\0\0\2\0\x0b\3\xff\xff\xff\0\x04\3\0\0\1")))
cases.append(case("other_pcr_values", "BadPcrs()", pcrs=PCRS[:23] + [bytes(32)]))
cases.append(case("pcrs_in_another_order", "BadPcrs()", pcrs=PCRS[1:] + PCRS[:1]))
cases.append(case("a_pcr_too_few", "BadPcrs()", pcrs=PCRS[:23]))
cases.append(case("quote_too_long", "BadTpmQuote()", quote=attest() + b"\0"))
cases.append(case("quote_cut", "BadTpmQuote()", quote=attest()[:-1]))

mrtd = hashlib.sha384(b"mrtd").digest()
out = {
    "now": NOW,
    "kid": KID,
    "issuer": ISS,
    "policy": POLICY,
    "modulus": "0x" + modulus(signer).hex(),
    "report_data": "0x" + REPORT.hex(),
    "machine": "0x" + (bytes(8) + bytes.fromhex("e718060000000000") + mrtd).hex(),
    "good": [
        case("tdxvm", "attested directly"),
        case("azurevm", "a guest", guest),
        case("azurevm_6_5_kb", "a guest's token of 6.5 KB", token(padded)),
    ],
    "bad": cases,
}
# Everything but what a case changes is the same: those parts are written once.
for c in out["bad"]:
    for part in ("quote", "pcrs", "token"):
        if c[part] == out["good"][0][part]:
            del c[part]
with open(os.path.join(HERE, "..", "maa-onchain", "vectors.json"), "w", encoding="ascii") as f:
    json.dump(out, f, indent=1)
    f.write("\n")
