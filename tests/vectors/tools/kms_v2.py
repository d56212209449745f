#!/usr/bin/env python3
"""Makes tests/vectors/kms/v2.json: the permanent bytes of the KMS by docs/WIRE.md, in plain Python.

Independent of our C: its own HKDF (RFC 5869), Keccak, EIP-712 (checked with the example of the EIP), and the
P-256, RFC 6979 and DER of x509_ca.py. Usage: kms_v2.py > ../kms/v2.json
"""
import hashlib, hmac, json, sys
from x509_ca import N, ca

M64 = 2**64 - 1


def keccak256(data):
    rounds, lfsr = [], 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant |= 1 << (1 << j) - 1
            lfsr = lfsr << 1 ^ (0x171 if lfsr & 0x80 else 0)
        rounds.append(constant)
    rol = lambda v, n: (v << n % 64 | v >> (64 - n % 64)) & M64 if n % 64 else v
    state = [[0] * 5 for _ in range(5)]
    padded = bytearray(data + b"\1" + b"\0" * (-(len(data) + 1) % 136))
    padded[-1] |= 0x80
    for block in range(0, len(padded), 136):
        for i in range(17):
            state[i % 5][i // 5] ^= int.from_bytes(padded[block + 8 * i:block + 8 * i + 8], "little")
        for constant in rounds:
            c = [state[x][0] ^ state[x][1] ^ state[x][2] ^ state[x][3] ^ state[x][4] for x in range(5)]
            d = [c[(x - 1) % 5] ^ rol(c[(x + 1) % 5], 1) for x in range(5)]
            state = [[state[x][y] ^ d[x] for y in range(5)] for x in range(5)]
            x, y, current = 1, 0, state[1][0]
            for t in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                current, state[x][y] = state[x][y], rol(current, (t + 1) * (t + 2) // 2)
            state = [[state[x][y] ^ (~state[(x + 1) % 5][y] & state[(x + 2) % 5][y]) for y in range(5)]
                     for x in range(5)]
            state[0][0] ^= constant
    return b"".join(state[i % 5][i // 5].to_bytes(8, "little") for i in range(4))


assert keccak256(b"").hex() == "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"

sha256 = lambda b: hashlib.sha256(b).digest()
lp = lambda b: len(b).to_bytes(4, "big") + b
u16 = lambda v: v.to_bytes(2, "big")
u32 = lambda v: v.to_bytes(4, "big")
u64 = lambda v: v.to_bytes(8, "big")
word = lambda v: v.to_bytes(32, "big")
seed = lambda text: sha256(b"teereg kms vector " + text.encode())


# ---- keys ----

def hkdf(ikm, salt, info, length):
    prk = hmac.new(salt, ikm, hashlib.sha256).digest()
    out, t, i = b"", b"", 1
    while len(out) < length:
        t = hmac.new(prk, t + info + bytes([i]), hashlib.sha256).digest()
        out, i = out + t, i + 1
    return out[:length]


def derive(master, root_id, purpose, app_id, epoch, counter):
    info = lp(purpose.encode()) + lp(root_id) + lp(app_id) + lp(u64(epoch)) + lp(u32(counter))
    return hkdf(master, b"teereg-kdf-v2", info, 32)


def scalar(master, root_id, purpose, app_id, epoch):
    counter = 0
    while True:
        v = derive(master, root_id, purpose, app_id, epoch, counter)
        if 0 < int.from_bytes(v, "big") < N:
            return v
        counter += 1


def commitment(root_id, master):
    return sha256(b"teereg-root-commit-v2\0" + root_id + master)


MASTER, ROOT_ID = bytes(range(32)), seed("root id")
APPS = [b"\x11" * 20, b"\x22" * 20, bytes(range(20))]


def keys():
    out = []
    for app in APPS:
        for epoch in (0, 1, M64):
            out.append({"app_id": app.hex(), "epoch": str(epoch),
                        "ca": scalar(MASTER, ROOT_ID, "app-ca", app, epoch).hex(),
                        "encrypt": scalar(MASTER, ROOT_ID, "app-encrypt", app, epoch).hex(),
                        "disk": derive(MASTER, ROOT_ID, "app-disk", app, epoch, 0).hex(),
                        "ca_counter_1": derive(MASTER, ROOT_ID, "app-ca", app, epoch, 1).hex()})
    return out


def v1_out_of_range():
    """Found by trying 4.5 billion masters: the version 1 value of "app" is no scalar of P-256."""
    master, app = b"\1" + b"\0" * 23 + u64(4452125986), b"\x11" * 20
    value = sha256(master + app + b"app")
    assert int.from_bytes(value, "big") >= N
    return {"master": master.hex(), "app": app.hex(), "label": "app", "value": value.hex()}


def certificates():
    out = []
    for app in APPS:
        for epoch in (0, 7, M64):
            d = int.from_bytes(scalar(MASTER, ROOT_ID, "app-ca", app, epoch), "big")
            der, _ = ca(d, "teereg-ca-%s-%d" % (app.hex(), epoch))
            _, spki = ca(int.from_bytes(scalar(MASTER, ROOT_ID, "app-encrypt", app, epoch), "big"), "x")
            pad = lambda b: b + b"\0" * (-len(b) % 32)
            head = word(64) + word(64 + 32 + len(pad(der)))
            encoded = head + word(len(der)) + pad(der) + word(len(spki)) + pad(spki)
            out.append({"app_id": app.hex(), "epoch": str(epoch), "ca_der": der.hex(), "spki": spki.hex(),
                        "pki_hash": keccak256(encoded).hex()})
    return out


# ---- challenge ----

def challenges():
    out = []
    for i, purpose in enumerate(("secrets-request", "explain")):
        for app in APPS:
            key, random, expiry = seed("challenge key %d" % i), seed("random " + app.hex())[:12], 1764000000 + i
            text = b"teereg-challenge-v2\0" + bytes([len(purpose)]) + purpose.encode() + app + random + u32(expiry)
            mac = hmac.new(key, text, hashlib.sha256).digest()[:16]
            out.append({"key": key.hex(), "purpose": purpose, "app": app.hex(), "random": random.hex(),
                        "expiry": expiry, "nonce": (random + u32(expiry) + mac).hex()})
    return out


# ---- configuration ----

def tlv(tag, value):
    return u16(tag) + lp(value)


def configurations():
    kms, keys3 = b"\xaa" * 20, [seed("ca key %d" % i) for i in range(3)]
    endpoint = lambda url, keys: lp(url) + u16(len(keys)) + b"".join(keys)
    policy = u64(1 << 28) + u64(1 << 28) + u64(3) + u64(0x602E7) + b"\1"
    least = tlv(1, u64(1)) + tlv(2, kms) + tlv(3, b"\2") + tlv(4, u16(1) + endpoint(b"https://a.example/", []))
    two = u16(2) + endpoint(b"https://a.example/", keys3[:1]) + endpoint(b"https://b.example/", keys3)
    full = (tlv(1, u64(31337)) + tlv(2, kms) + tlv(3, b"\3") + tlv(4, two) + tlv(5, u16(2)) + tlv(6, u32(86400))
            + tlv(7, u32(1800)) + tlv(8, policy) + tlv(9, u32(3600)) + tlv(10, u32(1)) + tlv(11, u32(3)))
    hashed = lambda t: sha256(b"teereg-config-v2\0" + t).hex()
    return [{"name": "least", "tlvs": least.hex(), "hash": hashed(least),
             "policy_hash": sha256(b"teereg-policy-v2\0").hex()},
            {"name": "full", "tlvs": full.hex(), "hash": hashed(full),
             "policy_hash": sha256(b"teereg-policy-v2\0" + tlv(8, policy) + tlv(9, u32(3600))).hex()}]


# ---- operator ----

def struct_hash(kind, *fields):
    return keccak256(keccak256(kind) + b"".join(fields))


def eip712(domain, fields):
    return keccak256(b"\x19\x01" + domain + fields)


def address(hex40):
    return word(int(hex40, 16))


def check_with_the_example_of_the_eip():
    domain = struct_hash(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
                         keccak256(b"Ether Mail"), keccak256(b"1"), word(1),
                         address("CcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"))
    person = lambda name, wallet: struct_hash(b"Person(string name,address wallet)", keccak256(name), address(wallet))
    mail = struct_hash(b"Mail(Person from,Person to,string contents)Person(string name,address wallet)",
                       person(b"Cow", "CD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
                       person(b"Bob", "bBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"), keccak256(b"Hello, Bob!"))
    assert eip712(domain, mail).hex() == "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"


def authorisations():
    check_with_the_example_of_the_eip()
    out = []
    for i, app in enumerate(APPS):
        kms, chain, expiry = b"\xaa" * 20, (1, 31337, M64)[i], 1764000000 + i
        subject, nonce, purpose = seed("subject %d" % i), seed("operator nonce %d" % i), "secrets-request"
        domain = struct_hash(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)",
                             keccak256(b"teereg"), keccak256(b"2"), word(chain), address(app.hex()))
        fields = struct_hash(b"Authorize(string purpose,address kms,address app,bytes32 subjectSpkiSha256,"
                             b"bytes32 nonce,uint64 expiry)", keccak256(purpose.encode()), address(kms.hex()),
                             address(app.hex()), subject, nonce, word(expiry))
        out.append({"purpose": purpose, "chain_id": str(chain), "kms": kms.hex(), "app": app.hex(),
                    "subject_spki_sha256": subject.hex(), "nonce": nonce.hex(), "expiry": expiry,
                    "digest": eip712(domain, fields).hex()})
    return out


# ---- messages ----

def payloads():
    csr, hpke, config = b"any DER", b"\4" + seed("x") + seed("y"), seed("config")
    auth = seed("auth nonce") + u64(1764000000) + seed("r") + seed("s") + b"\1"
    common = {"csr": csr.hex(), "hpke_key": hpke.hex(), "config_hash": config.hex()}
    return [dict(common, authorisation=a.hex(), payload=(lp(csr) + lp(hpke) + lp(a) + lp(config)).hex())
            for a in (b"", auth)]


def answers():
    chain, kms, app, epoch, nonce, request = 31337, b"\xaa" * 20, APPS[0], 5, seed("nonce"), b'{"challenge":"..."}'
    enc, ct = b"\4" + seed("e1") + seed("e2"), b"any ciphertext"
    info = (lp(b"secrets-answer") + lp(u64(chain)) + lp(kms) + lp(app) + lp(u64(epoch)) + lp(nonce)
            + lp(sha256(request)))
    tbs = b"teereg-answer-v2\0" + sha256(request) + lp(enc) + lp(ct)
    out = []
    for scheme, disk in ((1, b""), (2, seed("disk"))):
        plain = (b"teereg-secrets-v2\0" + bytes([scheme]) + u64(epoch) + lp(seed("scalar")) + lp(disk)
                 + lp(b"certificate") + lp(b"ca") + lp(seed("node")[:16]) + u64(77) + seed("head"))
        out.append({"scheme": scheme, "scalar": seed("scalar").hex(), "disk": disk.hex(), "certificate": b"certificate".hex(),
                    "ca": b"ca".hex(), "node": seed("node")[:16].hex(), "seq": 77, "head": seed("head").hex(),
                    "plaintext": plain.hex()})
    return {"chain_id": chain, "kms": kms.hex(), "app": app.hex(), "epoch": epoch, "nonce": nonce.hex(),
            "request": request.hex(), "enc": enc.hex(), "ct": ct.hex(), "info": info.hex(), "tbs": tbs.hex(),
            "digest": sha256(tbs).hex(), "secrets": out}


# ---- audit ----

def audit_line():
    body = ('{"seq":7,"time":"2026-11-24T10:00:00Z","node":"%s","prev":"%s","event":"release","app":"0x%s","epoch":3,'
            '"identity":"%s","note":"a \\"quoted\\" word","gap":true'
            % (seed("node")[:16].hex(), seed("prev").hex(), APPS[0].hex(), seed("identity").hex()))
    digest = sha256(b"teereg-audit-v2\0" + body.encode()).hex()
    return {"seq": 7, "time": 1795514400, "node": seed("node")[:16].hex(), "prev": seed("prev").hex(),
            "app": APPS[0].hex(), "identity": seed("identity").hex(), "hash": digest,
            "line": body + ',"hash":"%s"}\n' % digest}


json.dump({
    "_about": "permanent bytes of the KMS by tests/vectors/tools/kms_v2.py; hex, lower case",
    "master": MASTER.hex(), "root_id": ROOT_ID.hex(), "commitment": commitment(ROOT_ID, MASTER).hex(),
    "v1_root_id": sha256(b"teereg-root-id-v1\0" + MASTER).hex(),
    "v1_commitment": commitment(sha256(b"teereg-root-id-v1\0" + MASTER), MASTER).hex(),
    "challenge_key": derive(MASTER, ROOT_ID, "challenge", b"\0" * 20, 0, 0).hex(),
    "v1_out_of_range": v1_out_of_range(), "keys": keys(), "certificates": certificates(), "challenges": challenges(), "configurations": configurations(),
    "authorisations": authorisations(), "payloads": payloads(), "answer": answers(), "audit_line": audit_line(),
}, sys.stdout, indent=1)
print()
