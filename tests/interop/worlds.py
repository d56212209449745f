"""The part of the corpus of tests/interop that is signed anew (world.py): what only somebody with Intel's keys could
make, which is where verifiers read the same JSON and certificates differently."""
import itertools
import json
import random

import pki
from world import World

STATUSES = ["UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded",
            "OutOfDate", "OutOfDateConfigurationNeeded", "Revoked"]
ZERO_MRSIGNER = "00" * 48


def merges(base):
    """Platform x module x QE status: the merge of section 5.3."""
    for platform, module, qe in itertools.product(STATUSES, ["UpToDate", "OutOfDate", "Revoked"],
                                                  ["UpToDate", "OutOfDate", "Revoked", "SWHardeningNeeded"]):
        w = World(base)
        w.tcb["tcbLevels"] = [w.level(platform)]
        w.module_statuses(module)
        w.qe_statuses(qe)
        yield w.case("merge/%s-%s-%s" % (platform, module, qe))
    for qe in STATUSES:
        w = World(base)
        w.qe_statuses(qe)
        yield w.case("merge/qe-" + qe)
    for module in ["SWHardeningNeeded", "ConfigurationNeeded", "OutOfDateConfigurationNeeded"]:
        w = World(base)
        w.module_statuses(module)
        yield w.case("merge/module-" + module)
    for platform in STATUSES:
        w = World(base)
        w.body[0:2] = b"\x05\x00"
        w.tcb["tcbLevels"] = [w.level(platform)]
        yield w.case("merge/version0-" + platform)


def relaunches(base):
    """Launch and current status of a TD 1.5: section 5.4."""
    for launch, current in itertools.product(STATUSES, STATUSES):
        w = World(base).as_v5(base)
        w.body[584 + 2] = 9
        w.body[2] = 3
        w.tcb["tcbLevels"] = [w.level(current, tdx=(0, 0, 9)), w.level(launch)]
        yield w.case("relaunch/platform-%s-%s" % (launch, current))
    for launch, current in itertools.product(["UpToDate", "OutOfDate", "Revoked"], repeat=2):
        for platform in ["UpToDate", "ConfigurationNeeded", "OutOfDate"]:
            w = World(base).as_v5(base)
            w.body[584], w.body[0] = 6, 5
            w.tcb["tcbLevels"] = [w.level(platform)]
            w.module_statuses(current, launch)
            w.tcb["tdxModuleIdentities"][1]["tcbLevels"][0]["tcb"]["isvsvn"] = 6
            w.tcb["tdxModuleIdentities"][1]["tcbLevels"][1]["tcb"]["isvsvn"] = 5
            yield w.case("relaunch/module-%s-%s-%s" % (launch, current, platform))
    w = World(base).as_v5(base)
    w.body[584:600] = bytes(16)
    yield w.case("relaunch/svn2-zero")
    w = World(base).as_v5(base)
    w.body[585] = 7
    yield w.case("relaunch/svn2-unknown-version")


def levels(base, count):
    """Random levels about the platform's own numbers: sections 5.1 and 5.2."""
    rng = random.Random("levels")
    own_sgx = [3, 3, 2, 2, 4, 1, 0, 5] + [0] * 8

    def near(value):
        return max(0, value + rng.choice([-2, -1, 0, 0, 0, 0, 1]))

    for i in range(count):
        w = World(base)
        if i % 2:
            w.as_v5(base)
        tee = [rng.randrange(3, 8), rng.choice([0, 1, 1, 3]), 3] + [0] * 13
        w.body[0:16] = bytes(tee)
        if i % 2:
            w.body[584:600] = bytes([near(tee[0]), tee[1], near(tee[2])] + [0] * 13)
        made = []
        for _ in range(rng.randrange(1, 6)):
            sgx = [near(v) if v and rng.random() < 0.4 else rng.choice([0, v]) for v in own_sgx]
            tdx = [rng.choice([0, near(tee[0])]), rng.choice([0, 0, 0, tee[1]]), rng.choice([0, near(3)])]
            made.append(w.level(rng.choice(STATUSES[:6]), sgx, rng.choice([0, 11, 11, 12]), tdx))
        if rng.random() < 0.7:
            made.append(w.level("OutOfDate"))
        if rng.random() < 0.8:
            made.sort(key=lambda m: ([c["svn"] for c in m["tcb"]["sgxtcbcomponents"]], m["tcb"]["pcesvn"],
                                     [c["svn"] for c in m["tcb"]["tdxtcbcomponents"]]), reverse=True)
            name = "levels/sorted-%d" % i
        else:
            name = "levels/unsorted-%d" % i
        w.tcb["tcbLevels"] = made
        w.module_statuses(*rng.choice([["UpToDate"], ["OutOfDate"], ["UpToDate", "OutOfDate"]]))
        yield w.case(name)
    w = World(base)
    w.tcb["tcbLevels"] = []
    yield w.case("levels/none")
    w = World(base)
    w.tcb["tcbLevels"] = [w.level("UpToDate"), w.level("OutOfDate")]
    yield w.case("levels/equal")
    for index in range(1, 17):
        w = World(base)
        w.svn(index, 0)
        w.tcb["tcbLevels"] = [w.level("UpToDate", sgx=[0] * (index - 1) + [1]), w.level("OutOfDate")]
        yield w.case("levels/pck-component-%d" % index)
    w = World(base)
    w.svn(17, 5)
    yield w.case("levels/pcesvn-low")
    w = World(base)
    w.leaf = pki.sgx_value(w.leaf, (2, 18), pki.tlv(4, bytes(16)))
    yield w.case("levels/cpusvn-differs-from-components")


def json_changes(base):
    """TCB info and QE identity in other forms."""
    def both(name, change):
        for which in ("tcb", "qe"):
            w = World(base)
            change(getattr(w, which))
            yield w.case("json/%s-%s" % (which, name))

    def assign(**members):
        return lambda o: o.update(members)

    for name, members in {
        "id": {"id": "SGX"}, "id-case": {"id": "tdx"}, "version-2": {"version": 2}, "version-3": {"version": 3},
        "version-4": {"version": 4}, "version-float": {"version": 3.0}, "version-text": {"version": "3"},
        "issue-fraction": {"issueDate": "2025-06-19T10:16:03.5Z"},
        "issue-offset": {"issueDate": "2025-06-19T10:16:03+00:00"},
        "issue-lower": {"issueDate": "2025-06-19t10:16:03z"}, "issue-date-only": {"issueDate": "2025-06-19"},
        "issue-february-30": {"issueDate": "2025-02-30T10:16:03Z"}, "issue-second-60": {"issueDate": "2025-06-18T23:59:60Z"},
        "issue-hour-24": {"issueDate": "2025-06-18T24:00:00Z"}, "issue-empty": {"issueDate": ""},
        "issue-future": {"issueDate": "2025-06-30T10:16:03Z"}, "next-past": {"nextUpdate": "2025-06-20T10:16:03Z"},
        "next-before-issue": {"issueDate": "2025-06-24T10:16:03Z", "nextUpdate": "2025-06-23T10:16:03Z"},
        "evaluation-0": {"tcbEvaluationDataNumber": 0}, "evaluation-negative": {"tcbEvaluationDataNumber": -1},
        "evaluation-2^32": {"tcbEvaluationDataNumber": 2**32}, "evaluation-2^64": {"tcbEvaluationDataNumber": 2**64},
        "extra-member": {"another": [1, {"x": None}]}, "levels-null": {"tcbLevels": None}, "levels-object": {"tcbLevels": {}},
    }.items():
        yield from both(name, assign(**members))
    for member in ("id", "version", "issueDate", "nextUpdate", "tcbEvaluationDataNumber", "tcbLevels"):
        yield from both("without-" + member, lambda o, m=member: o.pop(m))

    for name, members in {
        "fmspc-other": {"fmspc": "B0C06F000001"}, "fmspc-lower": {"fmspc": "b0c06f000000"}, "fmspc-short": {"fmspc": "B0C06F0000"},
        "fmspc-not-hex": {"fmspc": "B0C06F00000G"}, "pceid-other": {"pceId": "0001"}, "pceid-short": {"pceId": "00"},
        "pceid-not-hex": {"pceId": "00xx"}, "tcbtype-1": {"tcbType": 1}, "tcbtype-text": {"tcbType": "0"},
        "module-mrsigner": {"tdxModule": {"mrsigner": "11" * 48, "attributes": "00" * 8, "attributesMask": "FF" * 8}},
        "module-short": {"tdxModule": {"mrsigner": "00" * 47, "attributes": "00" * 8, "attributesMask": "FF" * 8}},
        "module-attributes-short": {"tdxModule": {"mrsigner": ZERO_MRSIGNER, "attributes": "00" * 7, "attributesMask": "FF" * 7}},
        "module-attributes": {"tdxModule": {"mrsigner": ZERO_MRSIGNER, "attributes": "01" + "00" * 7, "attributesMask": "FF" * 8}},
        "identities-empty": {"tdxModuleIdentities": []}, "identities-null": {"tdxModuleIdentities": None},
    }.items():
        w = World(base)
        w.tcb.update(members)
        yield w.case("json/tcb-" + name)
    for member in ("fmspc", "pceId", "tcbType", "tdxModule", "tdxModuleIdentities"):
        w = World(base)
        w.tcb.pop(member)
        yield w.case("json/tcb-without-" + member)

    def first_level(name, change):
        w = World(base)
        change(w.tcb["tcbLevels"][0])
        return w.case("json/level-" + name)
    yield first_level("15-components", lambda l: l["tcb"]["sgxtcbcomponents"].pop())
    yield first_level("17-components", lambda l: l["tcb"]["sgxtcbcomponents"].append({"svn": 0}))
    yield first_level("15-tdx-components", lambda l: l["tcb"]["tdxtcbcomponents"].pop())
    yield first_level("17-tdx-components", lambda l: l["tcb"]["tdxtcbcomponents"].append({"svn": 0}))
    for svn in (256, -1, 1.0, "1", None, True):
        yield first_level("svn-%s" % json.dumps(svn).strip('"'), lambda l, s=svn: l["tcb"]["sgxtcbcomponents"][0].update(svn=s))
    for pcesvn in (65536, -1, 11.0):
        yield first_level("pcesvn-%s" % pcesvn, lambda l, s=pcesvn: l["tcb"].update(pcesvn=s))
    yield first_level("status-unknown", lambda l: l.update(tcbStatus="Perfect"))
    yield first_level("status-case", lambda l: l.update(tcbStatus="uptodate"))
    yield first_level("status-missing", lambda l: l.pop("tcbStatus"))
    yield first_level("date-missing", lambda l: l.pop("tcbDate"))
    yield first_level("date-bad", lambda l: l.update(tcbDate="yesterday"))
    yield first_level("advisories-null", lambda l: l.update(advisoryIDs=None))
    yield first_level("advisories-text", lambda l: l.update(advisoryIDs="INTEL-SA-1"))
    yield first_level("advisories-100", lambda l: l.update(advisoryIDs=["INTEL-SA-%05d" % i for i in range(100)]))
    yield first_level("isvsvn-too", lambda l: l["tcb"].update(isvsvn=3))
    w = World(base)
    w.tcb["tcbLevels"][-1]["tcbStatus"] = "Perfect"
    yield w.case("json/level-last-status-unknown")

    def module(name, change):
        w = World(base)
        change(w.tcb["tdxModuleIdentities"])
        return w.case("json/identity-" + name)
    yield module("id-lower", lambda i: i[1].update(id="tdx_01"))
    yield module("missing", lambda i: i.pop(1))
    yield module("mrsigner", lambda i: i[1].update(mrsigner="11" * 48))
    yield module("attributes", lambda i: i[1].update(attributes="01" + "00" * 7))
    yield module("mask-zero", lambda i: i[1].update(attributesMask="00" * 8))
    yield module("twice", lambda i: i.insert(0, dict(i[1], tcbLevels=i[1]["tcbLevels"][1:])))
    yield module("levels-empty", lambda i: i[1].update(tcbLevels=[]))
    yield module("levels-unsorted", lambda i: i[1]["tcbLevels"].reverse())
    yield module("isvsvn-above", lambda i: i[1]["tcbLevels"].__setitem__(slice(None), [dict(i[1]["tcbLevels"][0], tcb={"isvsvn": 7})]))
    yield module("isvsvn-70000", lambda i: i[1]["tcbLevels"][0]["tcb"].update(isvsvn=70000))
    yield module("other-mrsigner", lambda i: i[0].update(mrsigner="11" * 48))
    for version in (0x0a, 0x1b):
        for form in ("TDX_%02X", "TDX_%02x"):
            w = World(base)
            w.body[1] = version
            w.tcb["tdxModuleIdentities"][1]["id"] = form % version
            yield w.case("json/identity-" + form % version)

    for name, members in {
        "miscselect": {"miscselect": "01000000"}, "miscselect-masked": {"miscselect": "00000000", "miscselectMask": "00000000"},
        "miscselect-short": {"miscselect": "000000"}, "attributes": {"attributes": "13" + "00" * 15},
        "attributes-mask-short": {"attributesMask": "FB"}, "attributes-outside-mask": {"attributes": "15" + "00" * 15},
        "mrsigner": {"mrsigner": "11" * 32}, "mrsigner-lower": {"mrsigner": "dc9e2a7c6f948f17474e34a7fc43ed030f7c1563f1babddf6340c82e0e54a8c5"},
        "mrsigner-short": {"mrsigner": "11" * 31}, "mrsigner-empty": {"mrsigner": ""}, "prodid": {"isvprodid": 1}, "prodid-65538": {"isvprodid": 65538},
    }.items():
        w = World(base)
        w.qe.update(members)
        yield w.case("json/qe-" + name)
    for member in ("miscselect", "miscselectMask", "attributes", "attributesMask", "mrsigner", "isvprodid"):
        w = World(base)
        w.qe.pop(member)
        yield w.case("json/qe-without-" + member)
    for name, statuses in {"levels-empty": [], "level-above": None}.items():
        w = World(base)
        w.qe_statuses(*(statuses or []))
        if statuses is None:
            w.qe["tcbLevels"] = [{"tcb": {"isvsvn": 7}, "tcbDate": "2024-03-13T00:00:00Z", "tcbStatus": "UpToDate"}]
        yield w.case("json/qe-" + name)
    w = World(base)
    w.qe_statuses("UpToDate", "OutOfDate")
    w.qe["tcbLevels"].reverse()
    yield w.case("json/qe-levels-unsorted")

    # The text itself.
    plain = json.dumps(World(base).tcb, separators=(",", ":"))
    for name, text in {
        "spaces": json.dumps(World(base).tcb), "indented": json.dumps(World(base).tcb, indent=1),
        "duplicate-first": plain.replace('{"id":"TDX"', '{"fmspc":"000000000000","id":"TDX"', 1),
        "duplicate-last": plain[:-1] + ',"fmspc":"B0C06F000000"}', "duplicate-other": plain[:-1] + ',"fmspc":"000000000000"}',
        "duplicate-unknown": plain[:-1] + ',"a":1,"a":2}', "case-member": plain[:-1] + ',"FMSPC":"000000000000"}',
        "escape": plain.replace('"TDX"', '"\\u0054DX"', 1), "escaped-name": plain.replace('"fmspc"', '"\\u0066mspc"', 1),
        "trailing-space": plain + " ", "leading-space": " " + plain, "trailing-comma": plain[:-1] + ",}",
        "comment": plain[:-1] + "/**/}", "nul": plain[:-1] + ',"a":"\\u0000"}', "lone-surrogate": plain[:-1] + ',"a":"\\ud800"}',
        "nested-40": plain[:-1] + ',"a":' + "[" * 40 + "]" * 40 + "}", "nested-5000": plain[:-1] + ',"a":' + "[" * 5000 + "]" * 5000 + "}",
        "nan": plain[:-1] + ',"a":NaN}', "array": "[" + plain + "]", "empty": "", "null": "null", "two": plain + plain,
        "exponent": plain.replace('"tcbType":0', '"tcbType":0e0', 1), "leading-zero": plain.replace('"tcbType":0', '"tcbType":00', 1),
        "minus-zero": plain.replace('"tcbType":0', '"tcbType":-0', 1),
    }.items():
        w = World(base)
        w.tcb_text = text
        yield w.case("text/" + name)


def bodies(base):
    """Quotes whose signature is good, but whose fields are not Intel's."""
    def body(name, at, value, v5=False):
        w = World(base)
        if v5:
            w.as_v5(base)
        w.body[at:at + len(value)] = value
        return w.case("body/" + name)
    for bit in range(64):
        attributes = int.from_bytes(base.quote[168:176], "little") ^ 1 << bit
        yield body("attribute-%d" % bit, 120, attributes.to_bytes(8, "little"))
        xfam = int.from_bytes(base.quote[176:184], "little") ^ 1 << bit
        yield body("xfam-%d" % bit, 128, xfam.to_bytes(8, "little"))
        yield body("seamattribute-%d" % bit, 112, (1 << bit).to_bytes(8, "little"))
    for name, at, size in [("mrseam", 16, 48), ("mrsignerseam", 64, 48), ("mrtd", 136, 48), ("mrconfigid", 184, 48), ("mrowner", 232, 48),
                           ("mrownerconfig", 280, 48), ("rtmr3", 472, 48), ("reportdata", 520, 64), ("teetcbsvn-zero", 0, 16)]:
        yield body(name, at, bytes(size) if name.endswith("zero") else b"\x5a" * size)
    yield body("mrservicetd", 600, b"\x5a" * 48, v5=True)
    for version in (0, 1, 2, 4, 5, 0xff):
        yield body("module-version-%d" % version, 1, bytes([version]))

    def header(name, at, value):
        w = World(base)
        w.header[at:at + len(value)] = value
        return w.case("header/" + name)
    for version in (0, 1, 2, 3, 5, 6, 0x104):
        yield header("version-%d" % version, 0, version.to_bytes(2, "little"))
    for kind in (0, 1, 3, 4, 0x102):
        yield header("key-type-%d" % kind, 2, kind.to_bytes(2, "little"))
    for tee in (0, 1, 0x80, 0x82, 0x01000081):
        yield header("tee-%x" % tee, 4, tee.to_bytes(4, "little"))
    yield header("reserved", 8, b"\1\2\3\4")
    yield header("vendor", 12, b"\x5a" * 16)
    yield header("user-data", 28, b"\x5a" * 20)
    for body_type, size in [(0, 648), (1, 384), (2, 584), (2, 648), (3, 584), (3, 649), (4, 885), (4, 648), (5, 648)]:
        w = World(base).as_v5(base)
        w.body_type = body_type
        w.body = (w.body + bytes(300))[:size]
        yield w.case("body5/type-%d-size-%d" % (body_type, size))


def reports(base):
    """QE reports that the platform signed."""
    for name, tail in {"tail-last": bytes(31) + b"\1", "tail-all": b"\xff" * 32}.items():
        w = World(base)
        w.report_data_tail = tail
        yield w.case("report/" + name)
    for size in (0, 1, 31, 33, 64, 1024, 1025, 4096, 20000):
        w = World(base)
        w.auth = b"a" * size
        yield w.case("report/auth-%d" % size)
    for name, at, value in [("debug", 48, b"\x13"), ("attributes", 48, b"\x15"), ("xfrm", 56, b"\xff"), ("miscselect", 16, b"\1"),
                            ("mrenclave", 64, b"\xff"), ("mrsigner", 128, b"\xff"), ("prodid", 256, b"\1"), ("svn-0", 258, b"\0"),
                            ("svn-3", 258, b"\3"), ("svn-4", 258, b"\4"), ("svn-high", 259, b"\1"), ("cpusvn", 0, b"\xff" * 16),
                            ("reserved", 20, b"\xff" * 4)]:
        w = World(base)
        w.report[at:at + len(value)] = value
        yield w.case("report/" + name)


def chains(base):
    """How the chain is written in the quote."""
    def chain(name, make, inner=None):
        w = World(base)
        w.chain_text = make
        if inner is not None:
            w.inner_type = inner
        return w.case("chain/" + name)
    pem = pki.pem
    for name, make in {
        "no-nul": lambda l, c, r: pem(l, c, r).encode(), "newlines": lambda l, c, r: pem(l, c, r).encode() + b"\n\n",
        "nuls": lambda l, c, r: pem(l, c, r).encode() + bytes(8), "junk-after": lambda l, c, r: pem(l, c, r).encode() + b"junk",
        "junk-before": lambda l, c, r: b"junk\n" + pem(l, c, r).encode(), "junk-between": lambda l, c, r: (pem(l) + "junk\n" + pem(c, r)).encode(),
        "crlf": lambda l, c, r: pem(l, c, r).replace("\n", "\r\n").encode(), "spaces-between": lambda l, c, r: (pem(l) + "  \n" + pem(c, r)).encode(),
        "leaf-only": lambda l, c, r: pem(l).encode(), "no-root": lambda l, c, r: pem(l, c).encode(), "no-ca": lambda l, c, r: pem(l, r).encode(),
        "empty": lambda l, c, r: b"", "root-twice": lambda l, c, r: pem(l, c, r, r).encode(), "ca-twice": lambda l, c, r: pem(l, c, c, r).encode(),
        "reversed": lambda l, c, r: pem(r, c, l).encode(), "root-first": lambda l, c, r: pem(r, l, c).encode(), "ca-root-swapped": lambda l, c, r: pem(l, r, c).encode(),
        "leaf-twice": lambda l, c, r: pem(l, l, c, r).encode(), "long-lines": lambda l, c, r: b"".join(
            b"-----BEGIN CERTIFICATE-----\n" + "".join(pem(x).split("\n")[1:-2]).encode() + b"\n-----END CERTIFICATE-----\n" for x in (l, c, r)),
        "trusted-cert-label": lambda l, c, r: pem(l, c, r).replace("CERTIFICATE", "X509 CERTIFICATE").encode(),
        "pem-header": lambda l, c, r: pem(l, c, r).replace("-----BEGIN CERTIFICATE-----\n", "-----BEGIN CERTIFICATE-----\nA: b\n\n", 1).encode(),
        "leaf-der-trailing": lambda l, c, r: (pem(l + b"\0") + pem(c, r)).encode(), "root-der-trailing": lambda l, c, r: (pem(l, c) + pem(r + b"\0")).encode(),
    }.items():
        yield chain(name, make)
    for inner in (0, 1, 2, 3, 4, 6, 7, 8, 0x105):
        yield chain("type-%d" % inner, None, inner)
    yield chain("type-4-leaf", lambda l, c, r: pem(l).encode(), 4)
    for outer in (0, 5, 7, 0x106):
        w = World(base)
        w.outer_type = outer
        yield w.case("chain/outer-type-%d" % outer)
    w = World(base)
    w.after_inner = b"more"
    yield w.case("chain/after-inner")
    for size in (1, 70, 3065, 40000):
        w = World(base)
        w.trailing = bytes(size)
        yield w.case("trailing/zeros-%d" % size)
    w = World(base)
    w.trailing = b"\xa5" * 39
    yield w.case("trailing/39")


def certificates(base):
    """Certificates and revocation lists that are validly signed."""
    validity = 4

    def made(name, change):
        w = World(base)
        change(w)
        return w.case("cert/" + name)

    def dates(which, start, end):
        def change(w):
            setattr(w, which, pki.edited(getattr(w, which), validity, pki.tlv(0x30, pki.utc(start), pki.utc(end))))
        return change
    for which in ("leaf", "ca", "signer", "root"):
        yield made(which + "-expired", dates(which, "180521104510Z", "250101000000Z"))
        yield made(which + "-not-yet", dates(which, "260101000000Z", "490101000000Z"))
        yield made(which + "-expires-now", dates(which, "180521104510Z", "250624212000Z"))
        yield made(which + "-expired-a-second-ago", dates(which, "180521104510Z", "250624211959Z"))

    def name(which, old, new):
        return lambda w: setattr(w, which, pki.with_names(getattr(w, which), old, new))
    yield made("leaf-name", name("leaf", "Intel SGX PCK Certificate", "Intel SGX PCK Certificatf"))
    yield made("leaf-issuer", name("leaf", "Intel SGX PCK Platform CA", "Intel SGX PCK Platform CB"))
    yield made("ca-name", name("ca", "Intel SGX PCK Platform CA", "Intel SGX PCK Platform CB"))
    yield made("signer-name", name("signer", "Intel SGX TCB Signing", "Intel SGX TCB Signinh"))
    yield made("signer-issuer", name("signer", "Intel SGX Root CA", "Intel SGX Root CB"))

    def renamed_ca(w):
        for which in ("leaf", "ca", "pck_crl"):
            setattr(w, which, pki.with_names(getattr(w, which), "Intel SGX PCK Platform CA", "Intel SGX PCK Platform CB"))
    yield made("ca-renamed-everywhere", renamed_ca)
    for which in ("leaf", "ca", "signer"):
        yield made(which + "-signed-by-other", lambda w, which=which: setattr(w, which + "_signer", "other"))
    yield made("signer-is-ca-of-pck", lambda w: setattr(w, "signer_signer", "ca"))

    def sgx(arc, value):
        return lambda w: setattr(w, "leaf", pki.sgx_value(w.leaf, arc, value))
    yield made("pceid", sgx((3,), pki.tlv(4, b"\0\1")))
    yield made("fmspc", sgx((4,), pki.tlv(4, bytes(6))))
    yield made("ppid", sgx((1,), pki.tlv(4, bytes(16))))
    yield made("sgx-type-1", sgx((5,), b"\x0a\1\1"))
    yield made("sgx-type-9", sgx((5,), b"\x0a\1\x09"))
    yield made("svn-255", sgx((2, 1), b"\2\1\xff"))
    yield made("component-is-boolean", sgx((2, 1), b"\1\1\xff"))
    yield made("pcesvn-negative", sgx((2, 17), b"\2\1\xff"))
    for arc in ((1,), (2, 4), (3,), (4,), (5,), (2, 17), (2, 18)):
        oid = bytes([6, 9 + len(arc)]) + pki.SGX_OID[2:11]
        old, new = oid + bytes(arc), oid + bytes(arc[:-1]) + b"\x63"
        yield made("sgx-without-" + ".".join(map(str, arc)), lambda w, o=old, n=new: setattr(w, "leaf", pki.swapped(w.leaf, o, n)))
    two, one = (bytes([6, 11]) + pki.SGX_OID[2:11] + bytes([2, n]) for n in (2, 1))
    yield made("sgx-component-twice", lambda w: setattr(w, "leaf", pki.swapped(w.leaf, two, one)))
    extension = bytes([6, 9]) + pki.SGX_OID[2:11]
    yield made("sgx-extension-missing", lambda w: setattr(w, "leaf", pki.swapped(w.leaf, extension, extension[:-1] + b"\x63")))

    # BasicConstraints and KeyUsage of the CA.
    constraints = bytes.fromhex("0603551d130101ff040830060101ff020100")
    yield made("ca-is-no-ca", lambda w: setattr(w, "ca", pki.swapped(w.ca, constraints, bytes.fromhex("0603551d630101ff040830060101ff020100"))))
    usage = bytes.fromhex("0603551d0f0101ff0404030201")
    yield made("ca-may-not-sign", lambda w: setattr(w, "ca", pki.swapped(w.ca, usage + b"\6", usage + b"\2")))
    yield made("ca-critical-unknown", lambda w: setattr(w, "ca", pki.swapped(w.ca, usage, bytes.fromhex("0603551d630101ff0404030201"))))
    yield made("leaf-critical-unknown", lambda w: setattr(w, "leaf", pki.swapped(w.leaf, bytes.fromhex("0603551d0f0101ff"), bytes.fromhex("0603551d630101ff"))))

    # Revocation.
    leaf, ca, signer, root = base.leaf, base.ca, base.signer, base.root
    yield made("leaf-revoked", lambda w: setattr(w, "pck_crl", pki.revoking(w.pck_crl, pki.serial(leaf))))
    yield made("ca-revoked", lambda w: setattr(w, "root_crl", pki.revoking(w.root_crl, pki.serial(ca))))
    yield made("signer-revoked", lambda w: setattr(w, "root_crl", pki.revoking(w.root_crl, pki.serial(signer))))
    yield made("root-revoked", lambda w: setattr(w, "root_crl", pki.revoking(w.root_crl, pki.serial(root))))
    yield made("others-revoked", lambda w: setattr(w, "root_crl", pki.revoking(w.root_crl, b"\1", b"\2")))
    yield made("root-crl-revokes-leaf", lambda w: setattr(w, "root_crl", pki.revoking(w.root_crl, pki.serial(leaf))))
    yield made("pck-crl-revokes-ca", lambda w: setattr(w, "pck_crl", pki.revoking(w.pck_crl, pki.serial(ca))))

    def crl_dates(which, this, following):
        def change(w):
            w_crl = pki.edited(getattr(w, which), 3, pki.utc(this))
            setattr(w, which, pki.edited(w_crl, 4, pki.utc(following)))
        return change
    for which in ("root_crl", "pck_crl"):
        yield made(which + "-expired", crl_dates(which, "250101000000Z", "250201000000Z"))
        yield made(which + "-not-yet", crl_dates(which, "260101000000Z", "260201000000Z"))
        yield made(which + "-expires-now", crl_dates(which, "250101000000Z", "250624212000Z"))
        yield made(which + "-begins-now", crl_dates(which, "250624212000Z", "260101000000Z"))

    yield made("pck-crl-issuer-processor", lambda w: setattr(w, "pck_crl", pki.edited(
        w.pck_crl, 2, pki.elements(pki.elements(w.pck_crl)[0][2])[2][1].replace(b"Platform CA", b"Procesor CA"))))
    yield made("root-crl-is-pck-crl", lambda w: setattr(w, "edit_bundle", lambda b: dict(b, root_ca_crl=b["pck_crl"])))
    yield made("pck-crl-is-root-crl", lambda w: setattr(w, "edit_bundle", lambda b: dict(b, pck_crl=b["root_ca_crl"])))
    for which in ("root_ca_crl", "pck_crl"):
        yield made(which + "-trailing", lambda w, n=which: setattr(w, "edit_bundle", lambda b: dict(b, **{n: b[n] + "00"})))
        yield made(which + "-upper-hex", lambda w, n=which: setattr(w, "edit_bundle", lambda b: dict(b, **{n: b[n].upper()})))
        yield made(which + "-empty", lambda w, n=which: setattr(w, "edit_bundle", lambda b: dict(b, **{n: ""})))
        yield made(which + "-odd-hex", lambda w, n=which: setattr(w, "edit_bundle", lambda b: dict(b, **{n: b[n][:-1]})))
    for chain in ("tcb_info_issuer_chain", "qe_identity_issuer_chain", "pck_crl_issuer_chain"):
        for name_, edit in {
            "empty": lambda t: "", "reversed": lambda t: pki.pem(*reversed(pki.ders(t))), "no-root": lambda t: pki.pem(pki.ders(t)[0]),
            "root-only": lambda t: pki.pem(pki.ders(t)[1]), "three": lambda t: t + pki.pem(pki.ders(t)[1]), "junk": lambda t: t + "junk",
            "no-final-newline": lambda t: t.rstrip("\n"), "nul": lambda t: t + "\0",
            "intel-root": lambda t: pki.pem(pki.ders(t)[0], base.root),
        }.items():
            yield made("%s-%s" % (chain, name_), lambda w, c=chain, e=edit: setattr(w, "edit_bundle", lambda b: dict(b, **{c: e(b[c])})))
    yield made("trusting-another-root", lambda w: setattr(w, "trusted", base.root))


def all_worlds(base, random_levels):
    for w, name in ((World(base), "good/v4"), (World(base).as_v5(base), "good/v5-15"), (World(base).as_v5(base, 2), "good/v5-10")):
        yield w.case(name)
    yield from levels(base, random_levels)
    for make in (merges, relaunches, json_changes, bodies, reports, chains, certificates):
        yield from make(base)
