"""Why a peer may differ from us: each rule is a row of docs/COMPAT.md, which says what Intel's rule is.  A rule looks
at the text of both opinions ("accept STATUS", "reject CODE: message") and, where that does not tell enough, at the case."""
import re

BOTH = ("dcap-qvl", "go-tdx-guest")
PHALA, GO = (BOTH[0],), (BOTH[1],)


class Rule:
    def __init__(self, name, peers, ours, peer, names="", when=None):
        self.name, self.peers, self.when, self.fired = name, peers, when, 0
        self.ours, self.peer, self.names = (re.compile(p) for p in (ours, peer, names))

    def explains(self, who, case, ours, theirs):
        return (who in self.peers and self.ours.match(str(ours)) and self.peer.match(str(theirs)) and self.names.search(case.name) and
                (self.when is None or self.when(case, ours, theirs)))


def go_level(case, ours, theirs):
    """What go-tdx-guest ends with: the module's level where the module has a version, else the platform's; the QE's
    only behind an UpToDate one; never the current SVNs."""
    said = ours.said
    if "module_status" not in said:
        return False
    versioned = case.quote[48 + 1 if case.quote[0] == 4 else 54 + 1] > 0
    found = said["module_status"] if versioned else said["platform_status"]
    if found == "UpToDate":
        found = said["qe_status"]
    return theirs.accepted and theirs.detail == found or not theirs.accepted and found == "Revoked"


ACCEPT, ANY = "accept ", ""
FORMAT = "reject (TCB_INFO|QE_IDENTITY): "

RULES = [
    # What the bare verification of the peers leaves to their callers.
    Rule("td-attributes", BOTH, "reject TD_(DEBUG|ATTRIBUTES): ", ACCEPT),
    Rule("td-xfam", BOTH, "reject TD_XFAM: ", ACCEPT),
    Rule("td-service", GO, "reject TD_SERVICE: ", ACCEPT),
    Rule("sgx-quote", PHALA, "reject VERSION: quote version 3", ACCEPT),
    Rule("td-report-extended", PHALA, "reject BODY_TYPE: body type 4 ", ACCEPT),
    # Status.
    Rule("go-one-level", GO, "(accept |reject TCB_REVOKED: )", ANY, when=go_level),
    Rule("go-unsorted", GO, "(accept |reject TCB_NOT_SUPPORTED)", "(accept |reject .*no matching TCB level)", "^levels/unsorted-|-unsorted$"),
    Rule("phala-cpusvn", PHALA, "(accept |reject TCB_NOT_SUPPORTED)", ANY, "^levels/(pck-component-|cpusvn-)"),
    Rule("go-running-module", GO, "reject (TCB_NOT_SUPPORTED|TDX_MODULE_MISMATCH): ", ACCEPT, "^(levels|relaunch)/"),
    Rule("phala-unsorted", PHALA, ACCEPT, ACCEPT, "-levels-unsorted$"),
    Rule("qe-status", PHALA, "accept OutOfDate", "accept UpToDate|reject .*Unrecognized TCB status (ConfigurationAnd)?SWHardeningNeeded in QE Identity"),
    Rule("module-status", GO, FORMAT + ".*a TDX module cannot be ", ACCEPT),
    Rule("advisories-64", BOTH, "reject TCB_NOT_SUPPORTED: more than 64 advisories", ACCEPT),
    # The TDX module.
    Rule("go-module-of-version-0", GO, ACCEPT, "reject (MRSIGNERSEAM|AttributesMask) value.*TdxModule|reject MRSIGNERSEAM", "^json/tcb-module-"),
    Rule("go-module-identity", GO, "reject TDX_MODULE_MISMATCH: ", ACCEPT),
    Rule("module-id-case", PHALA, "reject TCB_INFO: .*an id that is not like TDX_03", ACCEPT, "-id-lower$"),
    Rule("go-module-id", GO, ACCEPT, "reject .*could not find a TDX Module Identity"),
    # Time.
    Rule("go-issue-date", GO, "reject COLLATERAL_EXPIRED: the (TCB info|QE identity) is of ", ACCEPT),
    Rule("crl-this-update", BOTH, "reject COLLATERAL_EXPIRED: the (root|PCK) CRL is of ", ACCEPT),
    Rule("go-crl-next-update", GO, "reject COLLATERAL_EXPIRED: the (root|PCK) CRL ended at ", ACCEPT),
    Rule("phala-root-validity", PHALA, "reject COLLATERAL_EXPIRED: .*the root certificate ", ACCEPT),
    # JSON.
    Rule("json-unknown-member", BOTH, FORMAT + ".*unknown member ", ACCEPT),
    Rule("json-duplicate", BOTH, FORMAT + ".*(a member stands twice|two TCB levels alike|two TDX modules of version)", ACCEPT),
    Rule("json-text", BOTH, FORMAT + ".*(a NUL in a string|half a surrogate pair|nested deeper than)", ACCEPT),
    Rule("json-time", BOTH, FORMAT + ".*(is not a time like |Date\" has [0-9]+ bytes)", ACCEPT),
    Rule("json-minus-zero", BOTH, ACCEPT, "(?s)reject .*(invalid type: float|cannot unmarshal)", "^text/minus-zero$"),
    Rule("go-json-lax", GO, FORMAT + ".*(is missing|is null, expected|components, expected 16|is -?[0-9]+, expected)", ACCEPT),
    Rule("phala-json-lax", PHALA, FORMAT + ".*(\"version\" is |\"tcbType\" is |components, expected 16)", ACCEPT),
    Rule("phala-pceid", PHALA, "reject (PCEID_MISMATCH: |TCB_INFO: \"pceId\")", ACCEPT),
    Rule("phala-qe-attributes", PHALA, "reject QE_IDENTITY_ATTRIBUTES: ", ACCEPT, "-outside-mask$"),
    Rule("go-signed-text", GO, ACCEPT, "reject tcbInfo response verification failed: could not verify response body", "-space$"),
    # The quote's bytes.
    Rule("go-panic", GO, "reject PARSE_", "panic .*slice bounds out of range"),
    Rule("quote-size", BOTH, "reject PARSE_SIZE: ", ACCEPT),
    Rule("phala-lengths", PHALA, "reject PARSE_LENGTH: ", ACCEPT),
    Rule("phala-outer-type", PHALA, "reject CERT_TYPE: certification data of type .* expected 6", ACCEPT),
    Rule("phala-auth-data", PHALA, ACCEPT, "reject .*Invalid QE auth data length"),
    Rule("auth-data-1024", GO, "reject PARSE_LENGTH: QE authentication data of ", ACCEPT),
    Rule("phala-qe-hash", PHALA, "reject QE_HASH: ", ACCEPT, "^report/tail-"),
    Rule("go-vendor", GO, "reject VENDOR: ", ACCEPT),
    # Certificates and revocation lists.
    Rule("pem-strict", BOTH, "reject PCK_CHAIN: certificate [1-3] of 3: (does not start with|PEM lines must)", ACCEPT),
    Rule("phala-root", PHALA, "reject (PCK_CHAIN|TCB_SIGNER): (the chain ends in an unknown root|certificate . of .: no more PEM blocks)", ACCEPT),
    Rule("phala-more-certificates", PHALA, "reject (PCK_CHAIN|TCB_SIGNER): [0-9]+ bytes behind the ", ACCEPT),
    Rule("phala-names", PHALA, "reject (PCK_CHAIN|TCB_SIGNER): the (first|second) certificate is n", ACCEPT),
    Rule("phala-ca-usage", PHALA, "reject PCK_CHAIN: the second certificate may not sign ", ACCEPT),
    Rule("phala-root-revokes-itself", PHALA, ACCEPT, "reject .*CertRevoked", "^cert/root-revoked$"),
    Rule("pck-extension", BOTH, "reject PCK_EXTENSION: ", ACCEPT),
    Rule("go-leaf-extensions", GO, ACCEPT, "reject .*extensions length found [0-9]+. Expected 6"),
    Rule("crl-issuer-chain", BOTH, "reject PCK_CRL: ", ACCEPT, "pck_crl_issuer_chain"),
    Rule("crl-issuer-chain-absent", GO, ACCEPT, "reject .*could not parse|reject .*issuer chain certificates missing in \"Sgx-Pck-Crl-Issuer-Chain\"",
         "pck_crl_issuer_chain"),
    Rule("pem-tail", GO, ACCEPT, "reject .*could not parse PEM formatted root certificate"),
    Rule("bundle-text", PHALA, "reject COLLATERAL_FORMAT: ", ACCEPT, "-nul$"),
    Rule("go-crl-trailing", GO, "reject (ROOT|PCK)_CRL: [0-9]+ bytes too many ", ACCEPT),
]


def explanation(who, case, ours, theirs):
    """The rule that explains this difference, or None."""
    if ours.died:
        return None
    for rule in RULES:
        if rule.explains(who, case, ours, theirs):
            rule.fired += 1
            return rule
    return None


def documented(text):
    """The names that the table of docs/COMPAT.md explains."""
    section = text.split("\n## A second opinion on quotes\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `([a-z0-9-]+)` \|", section, re.M)
