"""Asks a certification service for everything that Intel's API (version 4) and a PCCS have, and judges each answer with
openssl and the standard library alone.  Prints one sentence for each thing that was shown.

usage: pcs_api.py http://HOST:PORT ROOT.pem FMSPC UNIX-TIME WORK-FOLDER
The raw answers stay in the work folder, for who compares them with what was fetched by other means."""
import http.client
import json
import re
import subprocess
import sys
import time
import urllib.parse

base, root_pem, fmspc, now, work = sys.argv[1:]
now = int(now)
SECONDS = "%Y-%m-%dT%H:%M:%SZ"
STATUSES = {"UpToDate", "SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded", "OutOfDate",
            "OutOfDateConfigurationNeeded", "Revoked"}


def ok(sentence):
    print(sentence, flush=True)


def expect(condition, what):
    if not condition:
        sys.exit(f"not so: {what}")


def ask(path, method="GET"):
    """Status, headers (names in lower case, each once), body."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(base).netloc, timeout=10)
    connection.request(method, path)
    answer = connection.getresponse()
    headers = answer.getheaders()
    names = [n.lower() for n, _ in headers]
    expect(len(names) == len(set(names)), f"{path}: a header twice: {names}")
    body = answer.read()
    connection.close()
    return answer.status, {n.lower(): v for n, v in headers}, body


def get(path, content_type):
    status, headers, body = ask(path)
    expect(status == 200, f"{path}: status {status}: {body[:200]}")
    expect(headers.get("content-type") == content_type, f"{path}: {headers.get('content-type')}, expected {content_type}")
    expect(headers.get("request-id"), f"{path}: no Request-ID")
    return headers, body


def refused(status, *paths):
    for path in paths:
        found, headers, body = ask(path)
        expect(found == status, f"{path}: status {found}, expected {status}: {body[:100]}")
        expect(headers.get("request-id") or headers.get("x-request-id"), f"{path}: no Request-ID")


def openssl(*words, data=b"", may_fail=False):
    done = subprocess.run(["openssl", *words], input=data, capture_output=True)
    if done.returncode != 0 and not may_fail:
        sys.exit(f"openssl {' '.join(words)}: {done.stderr.decode()}")
    return done


def save(name, data):
    path = f"{work}/{name}"
    with open(path, "wb") as f:
        f.write(data)
    return path


# ---- certificates ----

def der_of(pem):
    return openssl("x509", "-outform", "DER", data=pem).stdout


def subject(pem):
    return openssl("x509", "-noout", "-subject", "-nameopt", "multiline,-esc_msb,utf8", data=pem).stdout.decode()


with open(root_pem, "rb") as f:
    root_der = der_of(f.read())


def chain(headers, name, common_name):
    """The chain of a header: signer, then the root; the signer's PEM, which the root signed."""
    value = headers.get(name.lower())
    expect(value, f"no header {name}")
    expect(re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+", value), f"{name} is not percent-encoded: {value[:80]}")
    text = urllib.parse.unquote(value).encode()
    certificates = re.findall(rb"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?", text)
    expect(b"".join(certificates) == text, f"{name} holds more than certificates")
    expect(len(certificates) == 2, f"{name}: {len(certificates)} certificates, expected signer and root")
    expect(der_of(certificates[1]) == root_der, f"{name} does not end in the root")
    path = save("signer.pem", certificates[0])
    openssl("verify", "-x509_strict", "-attime", str(now), "-CAfile", root_pem, path)
    names = subject(certificates[0])
    expect(common_name in names, f"{name}: {names!r}, expected {common_name}")
    expect("Intel Corporation" not in names or "imulated" in names, "it claims to be Intel's")
    return certificates[0]


def inner(body, member):
    """The signed object's very bytes, and the signature."""
    head = b'{"' + member.encode() + b'":'
    tail = re.fullmatch(rb'(.*),"signature":"([0-9a-f]{128})"\}', body, re.DOTALL)
    expect(body.startswith(head) and tail, f'{member}: not {{"{member}": ..., "signature": 128 hex digits}}')
    whole = json.loads(body)
    expect(list(whole) == [member, "signature"], f"{member}: members {list(whole)}")
    text = tail.group(1)[len(head):]
    expect(json.loads(text) == whole[member], f"{member}: cut wrongly")
    return text, tail.group(2).decode()


def der_integer(data):
    data = data.lstrip(b"\0") or b"\0"
    data = b"\0" + data if data[0] & 0x80 else data
    return b"\x02" + bytes([len(data)]) + data


def signed(signer, text, signature):
    raw = bytes.fromhex(signature)
    both = der_integer(raw[:32]) + der_integer(raw[32:])
    key = save("key.pem", openssl("x509", "-noout", "-pubkey", data=signer).stdout)
    path = save("signature.der", b"\x30" + bytes([len(both)]) + both)
    return openssl("dgst", "-sha256", "-verify", key, "-signature", path, data=text, may_fail=True).returncode == 0


def read_signed(path, member, header):
    headers, body = get(path, "application/json")
    signer = chain(headers, header, "TCB Signing")
    text, signature = inner(body, member)
    expect(signed(signer, text, signature), f"{path}: the signature does not verify")
    expect(not signed(signer, text.replace(b'"version"', b'"Version"'), signature), f"{path}: any text verifies")
    value = json.loads(text)
    moment(value["issueDate"], value["nextUpdate"])
    return value, text, signature


def seconds(text):
    expect(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text), f"{text!r} is no time")
    return int(time.mktime(time.strptime(text, SECONDS)) - time.timezone)


def moment(issued, until):
    expect(seconds(issued) <= now < seconds(until), f"{issued} to {until} is not now")


def is_hex(text, digits):
    expect(isinstance(text, str) and re.fullmatch(rf"[0-9a-fA-F]{{{digits}}}", text), f"{text!r} is not {digits} hex digits")


def number(value, most):
    expect(type(value) is int and 0 <= value <= most, f"{value!r} is no number up to {most}")


def members(value, needed, more=()):
    expect(set(needed) <= set(value) <= set(needed) | set(more), f"members {sorted(value)}, expected {sorted(needed)}")


def level(value, tcb):
    members(value, {"tcb", "tcbDate", "tcbStatus"}, {"advisoryIDs"})
    members(value["tcb"], tcb)
    seconds(value["tcbDate"])
    expect(value["tcbStatus"] in STATUSES, f"status {value['tcbStatus']!r}")
    for advisory in value.get("advisoryIDs", []):
        expect(isinstance(advisory, str) and advisory, f"advisory {advisory!r}")


# ---- TCB info ----

def tcb_info(tee, query=""):
    value, text, signature = read_signed(f"/{tee}/certification/v4/tcb?fmspc={fmspc}{query}", "tcbInfo",
                                         "TCB-Info-Issuer-Chain")
    tdx = tee == "tdx"
    members(value, {"id", "version", "issueDate", "nextUpdate", "fmspc", "pceId", "tcbType", "tcbEvaluationDataNumber",
                    "tcbLevels"} | ({"tdxModule", "tdxModuleIdentities"} if tdx else set()))
    expect((value["id"], value["version"], value["tcbType"]) == (tee.upper(), 3, 0), "id, version or tcbType")
    expect(value["fmspc"].upper() == fmspc.upper(), f"about {value['fmspc']}")
    is_hex(value["pceId"], 4)
    number(value["tcbEvaluationDataNumber"], 2**31)
    modules = [value["tdxModule"], *value["tdxModuleIdentities"]] if tdx else []
    for i, module in enumerate(modules):
        members(module, {"mrsigner", "attributes", "attributesMask"} | ({"id", "tcbLevels"} if i else set()))
        for member, digits in (("mrsigner", 96), ("attributes", 16), ("attributesMask", 16)):
            is_hex(module[member], digits)
        expect(not i or re.fullmatch(r"TDX_[0-9A-F]{2}", module["id"]), "id of a module")
        for one in module.get("tcbLevels", []):
            level(one, {"isvsvn"})
    expect(value["tcbLevels"], "there are no levels")
    for one in value["tcbLevels"]:
        level(one, {"sgxtcbcomponents", "pcesvn"} | ({"tdxtcbcomponents"} if tdx else set()))
        number(one["tcb"]["pcesvn"], 65535)
        for part in ("sgxtcbcomponents", "tdxtcbcomponents")[:2 if tdx else 1]:
            expect(len(one["tcb"][part]) == 16, f"{part}: not 16")
            for component in one["tcb"][part]:
                number(component["svn"], 255)
    return value["tcbEvaluationDataNumber"], text, signature


def identity(tee, query=""):
    value, text, signature = read_signed(f"/{tee}/certification/v4/qe/identity{query}", "enclaveIdentity",
                                         "SGX-Enclave-Identity-Issuer-Chain")
    members(value, {"id", "version", "issueDate", "nextUpdate", "tcbEvaluationDataNumber", "miscselect", "miscselectMask",
                    "attributes", "attributesMask", "mrsigner", "isvprodid", "tcbLevels"})
    expect((value["id"], value["version"]) == ("TD_QE" if tee == "tdx" else "QE", 2), "id or version")
    for member, digits in (("miscselect", 8), ("miscselectMask", 8), ("attributes", 32), ("attributesMask", 32),
                           ("mrsigner", 64)):
        is_hex(value[member], digits)
    number(value["isvprodid"], 65535)
    expect(value["tcbLevels"], "there are no levels")
    for one in value["tcbLevels"]:
        level(one, {"isvsvn"})
        number(one["tcb"]["isvsvn"], 65535)
    return value["tcbEvaluationDataNumber"], text, signature


def updates(what, tee, read, first):
    """What the parameters of an object that has evaluations choose; first: before the first of them."""
    standard, text, signature = read(tee)
    save(f"{tee}-{what.replace('/', '-')}", text)
    save(f"{tee}-{what.replace('/', '-')}.signature", signature.encode())
    early = read(tee, f"{first}update=early")
    expect(read(tee, f"{first}update=standard")[1] == text, f"{what}: update=standard is not the default")
    expect(early[0] == standard + 1, f"{what}: early is {early[0]}, standard {standard}")
    by_number = f"{first}tcbEvaluationDataNumber="
    expect(read(tee, by_number + str(standard))[1] == text, f"{what}: by its number it is another")
    expect(read(tee, by_number + str(early[0]))[1] == early[1], f"{what}: the early one by its number is another")
    path = f"/{tee}/certification/v4/{what}" + (f"?fmspc={fmspc}" if first == "&" else "")
    refused(404, path + by_number + str(early[0] + 1))
    refused(410, path + by_number + str(standard - 1))
    refused(400, path + by_number + "x", path + by_number + "-1", path + f"{first}update=late",
            path + f"{first}update=early&update=early", path + by_number + f"{standard}&update=standard")
    return standard


# ---- revocation lists ----

def revocation_list(der, signer_pem):
    path = save("crl.der", der)
    done = openssl("crl", "-inform", "DER", "-noout", "-CAfile", save("issuer.pem", signer_pem), "-in", path)
    expect(b"verify OK" in done.stderr, f"a list is not its issuer's: {done.stderr.decode()}")
    with open(path, "wb") as f: # and not anybody's
        f.write(der[:-1] + bytes([der[-1] ^ 1]))
    done = openssl("crl", "-inform", "DER", "-noout", "-CAfile", f"{work}/issuer.pem", "-in", path, may_fail=True)
    expect(b"verify OK" not in done.stderr, "any list verifies")
    text = openssl("crl", "-inform", "DER", "-noout", "-text", data=der).stdout.decode()
    for part in ("Version 2 (0x1)", "ecdsa-with-SHA256", "X509v3 Authority Key Identifier", "X509v3 CRL Number"):
        expect(part in text, f"a list without {part}")
    dates = [time.strptime(found, "%b %d %H:%M:%S %Y") for found in
             re.findall(r"(?:Last|Next) Update: (\w+ +\d+ [\d:]+ \d+) GMT", text)]
    moment(*(time.strftime(SECONDS, d) for d in dates))
    expect(len(der) == 4 + int.from_bytes(der[2:4], "big") or der[1] < 0x80 or der[1] == 0x81, "bytes behind the list")


def pck_crl(ca):
    path = f"/sgx/certification/v4/pckcrl?ca={ca}"
    headers, der = get(path + "&encoding=der", "application/pkix-crl")
    name = "SGX-PCK-CRL-Issuer-Chain"
    issuer = chain(headers, name, f"PCK {ca.capitalize()} CA")
    revocation_list(der, issuer)
    for query in ("", "&encoding=pem"):
        more, pem = get(path + query, "application/x-pem-file")
        expect(more[name.lower()] == headers[name.lower()], f"{path}{query}: another chain")
        expect(re.fullmatch(rb"-----BEGIN X509 CRL-----\n[A-Za-z0-9+/=\n]+-----END X509 CRL-----\n", pem), "no PEM")
        expect(openssl("crl", "-outform", "DER", data=pem).stdout == der, f"{path}{query}: another list")
    save(f"pck-crl-{ca}", der)


def root_crl():
    _, der = get("/IntelSGXRootCA.der", "application/pkix-crl")
    revocation_list(der, openssl("x509", "-inform", "DER", data=root_der).stdout)
    _, text = get("/sgx/certification/v4/rootcacrl", "text/plain; charset=utf-8")
    expect(re.fullmatch(rb"[0-9a-f]+", text) and bytes.fromhex(text.decode()) == der, "in hex it is another")
    save("root-crl", der)


# ---- lists ----

def evaluations(tee, standard):
    value, _, _ = read_signed(f"/{tee}/certification/v4/tcbevaluationdatanumbers", "tcbEvaluationDataNumbers",
                              "TCB-Evaluation-Data-Numbers-Issuer-Chain")
    members(value, {"id", "version", "issueDate", "nextUpdate", "tcbEvalNumbers"})
    expect((value["id"], value["version"]) == (tee.upper(), 1), "id or version")
    for one in value["tcbEvalNumbers"]:
        members(one, {"tcbEvaluationDataNumber", "tcbRecoveryEventDate", "tcbDate"})
        expect(seconds(one["tcbRecoveryEventDate"]) <= seconds(one["tcbDate"]), "a tcbDate before its recovery event")
    found = [one["tcbEvaluationDataNumber"] for one in value["tcbEvalNumbers"]]
    expect(found == sorted(set(found), reverse=True) and standard in found, f"evaluations {found}")
    for n in found:
        expect(tcb_info(tee, f"&tcbEvaluationDataNumber={n}")[0] == n, f"evaluation {n} is not served")
        expect(identity(tee, f"?tcbEvaluationDataNumber={n}")[0] == n, f"evaluation {n} is not served")


def families():
    path = "/sgx/certification/v4/fmspcs"
    listed = json.loads(get(path, "application/json")[1])
    expect([x["fmspc"].upper() for x in listed] == [fmspc.upper()], f"families {listed}")
    for query, same in (("all", True), (listed[0]["platform"], True), ("client", False)):
        found = json.loads(get(f"{path}?platform={query}", "application/json")[1])
        expect((found == listed) == same, f"platform={query}: {found}")
    refused(400, f"{path}?platform=E9")


for tee in ("tdx", "sgx"):
    standard = updates("tcb", tee, tcb_info, "&")
    ok(f"TCB info of {tee}: form, chain and signature are right, and each parameter chooses what it says")
    updates("qe/identity", tee, identity, "?")
    ok(f"QE identity of {tee}: the same")
    evaluations(tee, standard)
    ok(f"evaluation numbers of {tee}: signed, and those that are listed are served")
    refused(400, *(f"/{tee}/certification/v4/tcb{q}" for q in
                   ("", "?fmspc=", f"?fmspc={fmspc[:-1]}", f"?fmspc={fmspc}0", f"?fmspc={'x' * 12}",
                    f"?fmspc={fmspc}&fmspc={fmspc}")))
    refused(404, f"/{tee}/certification/v4/tcb?fmspc=00906EA10000")
ok("an FMSPC that is none is status 400, one that nobody has is 404")
expect(ask(f"/tdx/certification/v4/tcb?fmspc={fmspc.lower()}")[2] == ask(f"/tdx/certification/v4/tcb?fmspc={fmspc.upper()}")[2],
       "case of the FMSPC counts")
ok("its case does not count")
for ca in ("platform", "processor"):
    pck_crl(ca)
    ok(f"the PCK CRL of the {ca} CA: PEM and DER are one list, which its CA signed")
refused(400, *(f"/sgx/certification/v4/pckcrl{q}" for q in
               ("", "?ca=", "?ca=root", "?ca=Platform", "?encoding=der", "?ca=platform&encoding=xml", "?ca=platform&ca=processor")))
ok("a CA or an encoding that there is not is status 400")
root_crl()
ok("the root CRL: in DER as Intel has it, in hex as a PCCS does, and the root signed it")
families()
ok("families are listed, by platform")
refused(404, "/", "/sgx/certification/v4", "/sgx/certification/v4/", "/sgx/certification/v3/tcb", "/snp/certification/v4/tcb",
        "/tdx/certification/v4/pckcrl?ca=platform", "/tdx/certification/v4/rootcacrl", "/tdx/certification/v4/fmspcs",
        "/sgx/certification/v4/pckcert", "/sgx/certification/v4/qe/identity/", "/sgx/certification/v4/tcb/x")
ok("every other path is status 404")
path = f"/tdx/certification/v4/tcb?fmspc={fmspc}"
status, headers, body = ask(path, "HEAD")
expect(status == 200 and body == b"" and int(headers["content-length"]) == len(ask(path)[2]), "HEAD is not GET without a body")
status, headers, _ = ask(path, "POST")
expect(status == 405 and "GET" in headers.get("allow", ""), f"POST: status {status}")
ok("HEAD is GET without a body; another method is status 405")
