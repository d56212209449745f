"""Quotes and collateral of tests/interop that are right, or wrong in a way that the caller chose, and signed all
the same: Intel's own (of the vectors) with keys of ours (pki.py)."""
import base64
import copy
import hashlib
import json
import os

import pki

HEADER, TD10, TD15, REPORT = 48, 584, 648, 384


class Vectors:
    """The folder of vectors: what was not made by us."""

    def __init__(self, folder):
        self.folder = folder
        self.cases = json.loads(self.read("cases.json"))
        self.quotes = sorted(n for n in os.listdir(os.path.join(folder, "quotes")) if n.endswith(".bin"))
        self.bundles = sorted(n for n in os.listdir(os.path.join(folder, "collateral")) if n.endswith(".json"))
        self.intel_root = pki.ders(self.bundle("collateral/phala_b0c06f_2025-06.json")["tcb_info_issuer_chain"])[1]
        found = hashlib.sha256(self.intel_root).hexdigest()
        assert found.startswith("44a0196b2b99f889"), "another root: " + found

    def read(self, name):
        with open(os.path.join(self.folder, name), "rb") as f:
            return f.read()

    def bundle(self, name):
        """A bundle, its text members only."""
        return {k: v for k, v in json.loads(self.read(name)).items() if isinstance(v, str)}

    def completed(self, bundle):
        """Some bundles lack the chain of the PCK revocation list, without which the peers do not start: it is the
        Platform CA's everywhere."""
        chain = self.bundle("collateral/phala_b0c06f_2025-06.json")["pck_crl_issuer_chain"]
        return dict({"pck_crl_issuer_chain": chain}, **bundle)


class Case:
    def __init__(self, name, quote, bundle, at, root=None):
        self.name, self.quote, self.bundle, self.at, self.root = name, bytes(quote), bundle, at, root

    def line(self, root):
        """For the peers' programs; `root` is what they shall trust, or nothing for what they have built in."""
        return json.dumps({"quote": base64.b64encode(self.quote).decode(), "bundle": self.bundle, "at": self.at,
                           "root": base64.b64encode(root or b"").decode()})


class Base:
    """What every world starts from."""

    def __init__(self, vectors):
        self.quote = vectors.read("quotes/tdx_v4_b0c06f_phala.bin")
        self.bundle = vectors.bundle("collateral/phala_b0c06f_2025-06.json")
        self.v5 = vectors.read("quotes/tdx_v5_b3_90c06f_google.bin")
        self.keys = {name: pki.Key("interop " + name) for name in ("root", "ca", "leaf", "signer", "attestation", "other")}
        self.leaf, self.ca, self.root = pki.ders(self.quote.decode("latin1"))
        self.signer = pki.ders(self.bundle["tcb_info_issuer_chain"])[0]


class World:
    """One platform and its collateral.  Change the members, then make the case."""

    def __init__(self, base):
        k = self.keys = base.keys
        quote = base.quote
        self.at = 1750800000
        self.header = bytearray(quote[:HEADER])
        self.body = bytearray(quote[HEADER:HEADER + TD10])
        self.body_type = None
        self.report = bytearray(quote[636 + 134:636 + 134 + REPORT])
        self.auth = quote[636 + 584:636 + 584 + 32]
        self.report_data_tail = bytes(32)
        self.leaf = pki.with_key(pki.tbs_of(base.leaf), k["leaf"])
        self.ca = pki.with_key(pki.tbs_of(base.ca), k["ca"])
        self.root = pki.with_key(pki.tbs_of(base.root), k["root"])
        self.signer = pki.with_key(pki.tbs_of(base.signer), k["signer"])
        self.leaf_signer = self.ca_signer = self.signer_signer = None
        self.pck_crl = pki.tbs_of(bytes.fromhex(base.bundle["pck_crl"]))
        self.root_crl = pki.tbs_of(bytes.fromhex(base.bundle["root_ca_crl"]))
        self.tcb = json.loads(base.bundle["tcb_info"])
        self.qe = json.loads(base.bundle["qe_identity"])
        self.tcb_text = self.qe_text = None
        self.chain_text = None
        self.quote_chain = None
        self.inner_type, self.outer_type = 5, 6
        self.after_inner = b""
        self.trailing = b""
        self.edit_quote = self.edit_bundle = None
        self.trusted = None

    def as_v5(self, base, body_type=3):
        """The same platform as a version 5 quote with this type of body."""
        self.header[0] = 5
        self.body_type = body_type
        if body_type == 3:
            self.body += bytes(TD15 - TD10)
            self.body[TD10:TD10 + 16] = self.body[:16]
        return self

    def _certificates(self):
        k = self.keys
        root = pki.signed(self.root, k["root"])
        ca = pki.signed(self.ca, k[self.ca_signer or "root"])
        leaf = pki.signed(self.leaf, k[self.leaf_signer or "ca"])
        signer = pki.signed(self.signer, k[self.signer_signer or "root"])
        return leaf, ca, root, signer

    def _quote(self, leaf, ca, root):
        k = self.keys
        head = bytes(self.header)
        if self.body_type is not None:
            head += self.body_type.to_bytes(2, "little") + len(self.body).to_bytes(4, "little")
        head += bytes(self.body)
        ak = k["attestation"]
        self.report[320:352] = hashlib.sha256(ak.point + self.auth).digest()
        self.report[352:384] = self.report_data_tail
        report = bytes(self.report)
        if self.chain_text is not None:
            chain = self.chain_text(leaf, ca, root)
        else:
            chain = pki.pem(leaf, ca, root).encode() + b"\0"
        inner = (report + k["leaf"].sign(report) + len(self.auth).to_bytes(2, "little") + self.auth +
                 self.inner_type.to_bytes(2, "little") + len(chain).to_bytes(4, "little") + chain + self.after_inner)
        data = (ak.sign(head) + ak.point + self.outer_type.to_bytes(2, "little") +
                len(inner).to_bytes(4, "little") + inner)
        return head + len(data).to_bytes(4, "little") + data + self.trailing

    def case(self, name):
        k = self.keys
        leaf, ca, root, signer = self._certificates()
        tcb = self.tcb_text if self.tcb_text is not None else json.dumps(self.tcb, separators=(",", ":"))
        qe = self.qe_text if self.qe_text is not None else json.dumps(self.qe, separators=(",", ":"))
        bundle = {
            "tcb_info": tcb, "tcb_info_signature": k["signer"].sign(tcb.encode()).hex(),
            "tcb_info_issuer_chain": pki.pem(signer, root),
            "qe_identity": qe, "qe_identity_signature": k["signer"].sign(qe.encode()).hex(),
            "qe_identity_issuer_chain": pki.pem(signer, root),
            "pck_crl_issuer_chain": pki.pem(ca, root),
            "root_ca_crl": pki.signed(self.root_crl, k["root"]).hex(),
            "pck_crl": pki.signed(self.pck_crl, k["ca"]).hex(),
        }
        quote = self._quote(leaf, ca, root)
        if self.edit_quote:
            quote = self.edit_quote(quote)
        if self.edit_bundle:
            bundle = self.edit_bundle(bundle)
        return Case(name, quote, bundle, self.at, self.trusted or root)

    # What the cases change most.

    def svn(self, index, value):
        """Component `index` (1 to 16) of the leaf, or its PCESVN (17)."""
        self.leaf = pki.sgx_value(self.leaf, (2, index), bytes([2, 1, value]))

    def level(self, status, sgx=(), pcesvn=0, tdx=(), advisories=()):
        """A platform level; components not given are zero."""
        def components(values):
            return [{"svn": v} for v in list(values) + [0] * (16 - len(values))]
        made = {"tcb": {"sgxtcbcomponents": components(sgx), "pcesvn": pcesvn, "tdxtcbcomponents": components(tdx)},
                "tcbDate": "2024-03-13T00:00:00Z", "tcbStatus": status}
        if advisories:
            made["advisoryIDs"] = list(advisories)
        return made

    def module_statuses(self, *statuses):
        """The module identity of this quote gets these levels, the first from its own SVN."""
        svn, version = self.body[0], self.body[1]
        self.tcb["tdxModuleIdentities"] = [copy.deepcopy(i) for i in self.tcb["tdxModuleIdentities"]]
        for identity in self.tcb["tdxModuleIdentities"]:
            if identity["id"] == "TDX_%02X" % version:
                identity["tcbLevels"] = [
                    {"tcb": {"isvsvn": max(0, svn - i)}, "tcbDate": "2024-03-13T00:00:00Z", "tcbStatus": status}
                    for i, status in enumerate(statuses)]

    def qe_statuses(self, *statuses):
        svn = int.from_bytes(self.report[258:260], "little")
        self.qe["tcbLevels"] = [{"tcb": {"isvsvn": max(0, svn - i)}, "tcbDate": "2024-03-13T00:00:00Z", "tcbStatus": s}
                                for i, s in enumerate(statuses)]
