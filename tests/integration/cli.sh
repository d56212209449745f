#!/bin/bash
# The command line as its users meet it: help, wrong usage, exit codes, files with secrets, evidence.
# Nothing here needs a chain.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
vectors=$ROOT/tests/vectors
quotes=$vectors/dcap/quotes
address=0x0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a

# ---- help ----

# Every verb as `noun verb...`, out of the help texts themselves.
entries() { sed -nE 's/^  ([a-z]([a-z-]| [a-z])*)  +[^ ].*/\1/p'; }
verbs=()
nouns=0
while read -r noun; do
    nouns=$((nouns + 1))
    before=${#verbs[@]}
    while read -r verb; do verbs+=("$noun $verb"); done < <(teereg "$noun" --help | entries)
    [ ${#verbs[@]} -gt "$before" ] || verbs+=("$noun") # it needs no second word
done < <(teereg --help | entries)
[ "$nouns" = 10 ] && [ ${#verbs[@]} -ge 60 ] || fail "found $nouns nouns and ${#verbs[@]} verbs in the help"

for verb in "${verbs[@]}"; do
    read -ra words <<<"$verb"
    teereg "${words[@]}" --help >"$WORK/help" 2>"$WORK/stderr" || fail "$verb --help: exit code $?"
    [ ! -s "$WORK/stderr" ] || fail "$verb --help: writes to standard error"
    grep -qE "^usage: teereg $verb" "$WORK/help" || fail "$verb --help: does not begin with its usage"
    grep -qE "^  teereg $verb([ ;]|$)" "$WORK/help" || fail "$verb --help: no example of $verb"
    grep -q '^Exit codes: ' "$WORK/help" || fail "$verb --help: no exit codes"
    [ "$(wc -L <"$WORK/help")" -le 120 ] || fail "$verb --help: a line of $(wc -L <"$WORK/help") columns"
    # A secret on a command line is everybody's: an option names a file, a descriptor or a variable.
    ! grep -E '^  --' "$WORK/help" | grep -E '(key|secret|password|token)' |
        grep -vE '^  --[a-z-]+ (FILE|N) |^  --json|password|^  --store |^  --key-env NAME ' | grep -qE '^  --[a-z-]*(key|secret|password|token)[a-z-]* ' ||
        fail "$verb --help: an option takes a secret"
done
ok "each of ${#verbs[@]} verbs has help with an example, and no option takes a secret"

for verb in "${verbs[@]}"; do
    read -ra words <<<"$verb"
    teereg "${words[@]}" --help >"$WORK/help"
    grep -qE '\(required\)|^usage: .* (\S+) \[OPTION' "$WORK/help" || continue
    positional=$(sed -nE "1s/^usage: teereg $verb (.*)\[OPTION.*/\1/p" "$WORK/help")
    option=$(sed -nE 's/^  --([a-z-]+) .*\(required\)$/\1/p' "$WORK/help" | head -n 1)
    if [ -n "${positional% }" ]; then
        refused "$verb without ${positional% } is wrong usage" 2 'is missing' teereg "${words[@]}"
        read -ra arguments <<<"$positional"
        words+=("${arguments[@]}")
    fi
    [ -n "$option" ] || continue
    name=TEEREG_$(tr a-z- A-Z_ <<<"$option")
    refused "$verb without --$option names $name" 2 "--$option .*is needed .* $name in the environment" \
        teereg "${words[@]}"
done

refused "no words at all are wrong usage, with help" 2 'usage: teereg NOUN VERB' teereg
refused "an unknown noun is wrong usage" 2 "no such noun: fly; there are kms, " teereg fly
refused "an unknown verb is wrong usage" 2 "no such verb: fly; there are deploy, " teereg gov fly
refused "a malformed address is wrong usage" 2 "--app: address: found 4 characters" \
    teereg gov app allow --chain-id 1 --key-file x --kms "$address" --app 0x1234
refused "a noun alone is wrong usage, with its verbs" 2 '  deploy ' teereg gov
refused "an unknown option is wrong usage" 2 'no option --colour' teereg evidence show --colour red x
refused "an option twice is wrong usage" 2 'given twice' \
    teereg evidence identity x --chain-id 1 --chain-id 2 --contract "$address"
refused "a second file is wrong usage" 2 'too many' teereg evidence show x y
refused "an option without its value is wrong usage" 2 'needs a value' teereg evidence verify --root
says "the version is told" '^teereg [0-9]+\.[0-9]+\.[0-9]+$' teereg --version
TEEREG_CONTRACT=$address TEEREG_CHAIN_ID=31337 says "options may stand in the environment" 'identity  ' \
    teereg evidence identity "$quotes/tdx_v4_c0806f_oasis.bin"
printf '# mine\nchain-id = 31337\ncontract = %s\n' "$address" >"$WORK/config"
says "options may stand in a file" 'identity  ' \
    teereg evidence identity "$quotes/tdx_v4_c0806f_oasis.bin" --config "$WORK/config"
refused "a config file that is not there is wrong usage" 2 '--config' \
    teereg evidence show x --config "$WORK/nothing"

# ---- files with secrets ----

umask 022
printf '%064d\n' 1 >"$WORK/key"
deploy=(teereg gov deploy kms --chain-id 31337 --rpc http://127.0.0.1:1 --key-file)
chmod 644 "$WORK/key"
refused "a key that others may read is refused with the command that mends it" 3 \
    "mode 644.*chmod 600 $WORK/key" "${deploy[@]}" "$WORK/key"
chmod 640 "$WORK/key"
refused "the group is others, too" 3 'chmod 600' "${deploy[@]}" "$WORK/key"
chmod 600 "$WORK/key"
refused "with the right mode the node is asked, and is not there" 6 '127\.0\.0\.1:1' \
    "${deploy[@]}" "$WORK/key"
(umask 077 && echo "not-a-key-hunter2" >"$WORK/bad-key")
refused "a node is not written to in the clear, but in the same machine" 1 'http is not accepted here' \
    teereg gov pause --contract "$address" --chain-id 31337 --rpc http://192.0.2.1:8545 --key-file "$WORK/key"
refused "a file without a key in it is refused" 1 'expected 64 hex digits' "${deploy[@]}" "$WORK/bad-key"
! grep -q hunter2 "$WORK/said" || fail "the contents of a key file are in the message"
ok "and its contents are not repeated"
refused "a key file that is not there is named" 4 "$WORK/no-key" "${deploy[@]}" "$WORK/no-key"

openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/app.pem" 2>/dev/null
openssl ec -in "$WORK/app.pem" -pubout -out "$WORK/app.pub" 2>/dev/null
printf 'hunter2-canary' | teereg secret seal - --pubkey "$WORK/app.pub" --text --out "$WORK/sealed" \
    >"$WORK/said" 2>&1 || fail "secret seal: $(cat "$WORK/said")"
! grep -qa hunter2 "$WORK/sealed" "$WORK/said" || fail "the sealed secret is readable"
ok "a secret goes in by standard input and comes out sealed"
refused "a secret as a word is taken for a file, and not found" 4 'such file' \
    teereg secret seal hunter2 --pubkey "$WORK/app.pub" --out "$WORK/x"

printf 'caf\351' >"$WORK/latin1"
refused "bytes that are no text are not sealed as text" 1 'not text.*leave --text out' \
    teereg secret seal "$WORK/latin1" --text --pubkey "$WORK/app.pub" --out "$WORK/x"
refused "nor stored as text" 1 'not text' \
    teereg store put "$WORK/latin1" --text --store "file://$WORK/store"
[ ! -e "$WORK/x" ] || fail "something was sealed"
store="file://$WORK/store"
echo hunter2 >"$WORK/password"
refused "a secret that is not sealed is not stored" 3 'not sealed.*`teereg secret seal`' \
    teereg store put "$WORK/password" --kind secret --store "$store"
[ ! -e "$WORK/store" ] || fail "something was stored: $(find "$WORK/store")"
refused "a sealed one is not stored as configuration" 2 'kind secret' \
    teereg store put "$WORK/sealed" --store "$store"
says "but as what it is" '__SECRET_REF_' \
    teereg store put "$WORK/sealed" --kind secret --store "$store"
says "a line's end in a secret is told" "warning: .*line's end" \
    teereg secret seal "$WORK/password" --text --pubkey "$WORK/app.pub" --out "$WORK/x"
says "and that a secret is no JSON" "warning: .*not JSON.*--text" \
    teereg secret seal "$WORK/password" --pubkey "$WORK/app.pub" --out "$WORK/x"
echo '{"a": __CONFIG_REF_, "b": nope}' >"$WORK/template"
echo '{"b": nope}' >"$WORK/no-json"
says "or a template" 'warning: .*not JSON' teereg store put "$WORK/no-json" --store "$store"
says "but not where references may stand bare" '__CONFIG_REF_' \
    teereg store put "$WORK/template" --store "$store"
! grep -q warning "$WORK/said" || fail "$(cat "$WORK/said")"

while read -r code uri; do
    refused "a backend that instances would refuse is not given to them: $uri" "$code" \
        'instances would refuse it' teereg gov backend add "$uri" --chain-id 31337 --app "$address" \
        --rpc http://127.0.0.1:1 --key-file "$WORK/key"
done <<END
3 file:///srv/teereg
3 onchain://user@$address
1 s3://bucket
1 /srv/teereg
END
for verb in add remove; do
    refused "one that they take is sent to the node: backend $verb" 6 '127\.0\.0\.1:1' \
        teereg gov backend "$verb" "onchain://$address" --chain-id 31337 --app "$address" \
        --rpc http://127.0.0.1:1 --key-file "$WORK/key"
done

# ---- storage and audit ----

head -c 70000 /dev/urandom >"$WORK/content"
teereg store put "$WORK/content" --store "file://$WORK/store" --json >"$WORK/put" 2>/dev/null
id=$(sha256sum "$WORK/content" | cut -c1-64)
grep -q "$id" "$WORK/put" || fail "store put does not name the SHA-256"
says "what was put is had again" "$id" teereg store get "$id" --store "file://$WORK/store" --out "$WORK/got"
cmp "$WORK/content" "$WORK/got" || fail "other bytes came back"
refused "content that nobody has is not found" 4 'not there' \
    teereg store get "${id//[0-9]/a}" --store "file://$WORK/store"
chmod u+w "$WORK/store/configs/$id"
echo changed >"$WORK/store/configs/$id"
refused "content that was changed does not verify" 5 'other content' \
    teereg store get "$id" --store "file://$WORK/store"
refused "an audit log that is not there is not found" 4 "$WORK/no.log" teereg audit verify "$WORK/no.log"
echo '{"seq":1}' >"$WORK/bad.log"
chmod 600 "$WORK/bad.log"
refused "an audit log that is none does not verify" 5 'line 1' teereg audit verify "$WORK/bad.log"
printf 'no log' >"$WORK/bad.log"
refused "nor one that holds no record" 5 'no whole record' teereg audit verify "$WORK/bad.log"

# ---- evidence ----

late=(--collateral "$vectors/dcap/collateral/phala_b0c06f_2025-06.json" --at 1753000000)
bundle=("${late[@]:0:3}" 1750800000)
phala=$quotes/tdx_v4_b0c06f_phala.bin
says "a real quote is accepted under Intel's root, with what Intel said then" '^verdict +accept$' \
    teereg evidence verify --file "$phala" "${bundle[@]}"
grep -q '^status *UpToDate$' "$WORK/said" || fail "it does not say how up to date the platform is"
refused "the same quote without collateral is not" 3 'COLLATERAL_MISSING' teereg evidence verify --file "$phala"
printf '{"tcb_info": "x' >"$WORK/garbled.json"
refused "nor with collateral that cannot be read" 3 'COLLATERAL_FORMAT' \
    teereg evidence verify --file "$phala" --collateral "$WORK/garbled.json"
(printf '{' && tail -c +2 "$phala") >"$WORK/flipped"
refused "a quote that looks like something else is refused as a quote" 3 'VERSION' \
    teereg evidence verify --file "$WORK/flipped" "${bundle[@]}"
refused "a policy that is none is the caller's mistake" 2 'policy' \
    teereg evidence verify --file "$phala" "${bundle[@]}" --policy "$WORK/garbled.json"
refused "nor when its collateral has ended" 3 'COLLATERAL_EXPIRED' \
    teereg evidence verify --file "$phala" "${late[@]}"
refused "a DEBUG TD is not" 3 'TD_DEBUG' teereg evidence verify --file "$quotes/tdx_v4_50806f_DEBUG_coco4.bin" \
    --collateral "$vectors/dcap/collateral/google_50806f_2023-06.json" --at 1687600000
refused "a chain that ends elsewhere is not" 3 'PCK_CHAIN' \
    teereg evidence verify --file "$quotes/tdx_v4_UNTRUSTED_ROOT_10806f_ccapi.bin"
old=(--file "$quotes/tdx_v4_00a06d08_coco6.bin" --collateral "$vectors/dcap/collateral/tinfoil_00a06d08_2026-01.json"
    --at 1769000000)
refused "a platform that is out of date is not" 3 'TCB_STATUS.*OutOfDate' teereg evidence verify "${old[@]}"
says "but by who says so" '^verdict +accept$' teereg evidence verify "${old[@]}" --accept-status OutOfDate
echo '{"statuses": ["UpToDate"], "denied_advisories": ["INTEL-SA-1"], "min_evaluation_number": 99}' >"$WORK/policy.json"
refused "a policy in a file counts" 3 'EVALUATION_NUMBER' \
    teereg evidence verify --file "$phala" "${bundle[@]}" --policy "$WORK/policy.json"
refused "a status that does not exist is wrong usage" 2 'UpToDate' \
    teereg evidence verify --file "$phala" --accept-status Splendid
refused "an SGX quote is no TDX quote" 1 'version 3, expected 4 or 5' \
    teereg evidence show "$quotes/sgx_v3_00606a_automata.bin"
refused "report data that was expected and is not there is refused" 3 'REPORT_DATA' \
    teereg evidence verify --file "$phala" "${bundle[@]}" --report-data "$(printf '0x%0128d' 1)"
head -c 700 "$quotes/tdx_v4_00806f05_gcp_cos113.bin" >"$WORK/short.bin"
refused "a quote cut short is no quote" 1 'PARSE' teereg evidence show "$WORK/short.bin"

teereg-sim measurements --image orders --out "$WORK/orders.json" 2>/dev/null
data=$(printf 'a7%.0s' {1..64})
teereg-sim quote --measurements "$WORK/orders.json" --report-data "$data" --out "$WORK/sim.bin" 2>/dev/null
teereg-sim root --out "$WORK/root.pem" 2>/dev/null
teereg-sim collateral --out "$WORK/collateral.json" 2>/dev/null
says "a simulated quote is accepted under the root that is named" '^verdict +accept$' \
    teereg evidence verify --file "$WORK/sim.bin" --collateral "$WORK/collateral.json" --root "$WORK/root.pem" --report-data "0x$data"
refused "under another root it is not" 3 'PCK_CHAIN' \
    teereg evidence verify --file "$WORK/sim.bin" --root "$vectors/dcap/roots/test_root_ca.der"
refused "nor is a real one under the simulated root" 3 'PCK_CHAIN' \
    teereg evidence verify --file "$quotes/tdx_v4_00806f05_gcp_cos113.bin" --root "$WORK/root.pem"
teereg-sim quote --measurements "$WORK/orders.json" --report-data "$data" --fault quote-sig \
    --out "$WORK/broken.bin" 2>/dev/null
refused "a simulated quote with another signature is not" 3 'QUOTE_SIG' \
    teereg evidence verify --file "$WORK/broken.bin" --collateral "$WORK/collateral.json" --root "$WORK/root.pem"

# ---- Azure ----

azure=(--type azure-vtpm --collateral "$vectors/dcap/collateral/flashbots_azure_2026-06.json" --at 1781000000)
says "a real Azure machine's evidence is accepted" '^verdict +accept$' \
    teereg evidence verify "${azure[@]}" --file "$vectors/dcap/azure/b1780922561.evidence.json"
refused "one without the intermediates of its key is not, and the missing issuer is named" 3 \
    'AK_INTERMEDIATE_MISSING.*Global Virtual TPM CA - 03' \
    teereg evidence verify "${azure[@]}" --file "$vectors/dcap/azure/a1764662251.evidence.json"
maa=(--type azure-maa --jwks "$vectors/dcap/maa/synthetic_tdxvm_jwks.json" --at 1697680000)
says "a token about a TDX machine is accepted" '^verdict +accept$' \
    teereg evidence verify "${maa[@]}" --file "$vectors/dcap/maa/synthetic_tdxvm.jwt"
refused "one of another issuer is not" 3 'MAA_ISSUER' \
    teereg evidence verify "${maa[@]}" --file "$vectors/dcap/maa/negative/synthetic_iss_other.jwt"
refused "nor a genuine one about another kind of machine" 3 'MAA_TYPE' teereg evidence verify --type azure-maa \
    --jwks "$vectors/dcap/maa/sharedeus2_J0pAPd_jwks.json" --at 1765840000 \
    --file "$vectors/dcap/maa/sharedeus2_azurevm_midnight_2025-12.jwt"
head -c 200000 /dev/zero | tr '\0' a >"$WORK/long.jwt"
refused "a token that is too long is one of a wrong form" 3 'JWS_FORM' \
    teereg evidence verify "${maa[@]}" --file "$WORK/long.jwt"
refused "an issuer that is no address is wrong usage" 2 '--issuer' \
    teereg evidence verify "${maa[@]}" --issuer maasand001 --file "$vectors/dcap/maa/synthetic_tdxvm.jwt"
refused "keys that are not there are wrong usage" 2 'jwks' teereg evidence verify --type azure-maa \
    --jwks "$WORK/no-keys.json" --file "$vectors/dcap/maa/synthetic_tdxvm.jwt"

# ---- event logs ----

logs=$vectors/dcap/ccel
teereg evidence log "$logs/gcp_cos113.ccel.bin" --quote "$quotes/tdx_v4_00806f05_gcp_cos113.bin" >"$WORK/listing" ||
    fail "the log of a quote's machine is refused"
grep -q '^ *16  RTMR1  EV_SEPARATOR  00000000  \[digest matches\]$' "$WORK/listing" || fail "no separator in the listing"
ok "an event log is listed, and held against its quote"
teereg evidence log "$logs/dstack_quote_report.json" --json | grep -q '"matches": true' || fail "dstack's log does not match"
ok "a log that comes with its quote is held against it"
python3 - "$vectors/dcap" >"$WORK/with-log.json" <<'END'
import base64, json, sys
read = lambda name: base64.b64encode(open(f"{sys.argv[1]}/{name}", "rb").read()).decode()
print(json.dumps({"type": "tdx-dcap", "quote": read("quotes/tdx_v4_00806f05_gcp_cos113.bin"), "payload": "",
                  "event_log": read("ccel/gcp_cos113.ccel.bin")}))
END
says "the log that comes with evidence is shown, and held against the quote" '^event_log_verdict +matches the quote$' \
    teereg evidence show "$WORK/with-log.json"
gcp=(--collateral "$vectors/dcap/collateral/flashbots_gcp_00806f05_2026-06.json" --at 1783500000 --accept-status OutOfDate)
cos=$quotes/tdx_v4_00806f05_gcp_cos113.bin
says "and is a check of its verification" '^event_log_verdict +matches the quote$' \
    teereg evidence verify --file "$WORK/with-log.json" "${gcp[@]}"
grep -qE '^verdict +accept$' "$WORK/said" || fail "it is not accepted"
# asks CONDITION: in Python, of the JSON in $WORK/said.
asks() {
    python3 -c 'import json, sys; d = json.load(open(sys.argv[1])); sys.exit(not eval(sys.argv[2]))' "$WORK/said" "$1" ||
        fail "not so: $1: $(cat "$WORK/said")"
}
teereg evidence verify --file "$WORK/with-log.json" "${gcp[@]}" --json >"$WORK/said"
asks '[c for c in d["checks"] if c["name"] == "event log"] == [{"name": "event log", "ok": True, "detail": "holds"}]'
asks 'd["event_log"]["quote_matches"] == {f"rtmr{i}": True for i in range(4)}'
ok "each register is told"
teereg evidence verify --file "$cos" "${gcp[@]}" --json >"$WORK/said"
asks 'd["event_log"] is None and not [c for c in d["checks"] if c["name"] == "event log"]'
ok "where there is no log none is judged"
# with_log FILE: the evidence with another log.
with_log() {
    python3 -c 'import base64, json, sys; d = json.load(open(sys.argv[1]))
d["event_log"] = base64.b64encode(open(sys.argv[2], "rb").read()).decode(); print(json.dumps(d))' "$WORK/with-log.json" "$1"
}
with_log "$logs/gcp_cos113_DUPE_SEPARATOR.ccel.bin" >"$WORK/other-log.json"
refused "evidence with the log of another boot is rejected, all else being well" 3 \
    'rejected: RTMR_MISMATCH: .* RTMR0 RTMR1 of' teereg evidence verify --file "$WORK/other-log.json" "${gcp[@]}"
with_log "$logs/gcp_cos113.ccel_table.bin" >"$WORK/no-log.json"
refused "and so is what is no log" 3 'rejected: EVENT_LOG: ' \
    teereg evidence verify --file "$WORK/no-log.json" "${gcp[@]}"
says "which is shown all the same, with the reason" '^event_log_verdict +EVENT_LOG: ' \
    teereg evidence show "$WORK/no-log.json"
refused "a log beside the quote counts as well" 3 'rejected: RTMR_MISMATCH' \
    teereg evidence verify "${gcp[@]}" --file "$cos" --event-log "$logs/coco_gcp.ccel.bin"
says "and instead of the one that came" '^verdict +accept$' \
    teereg evidence verify "${gcp[@]}" --file "$WORK/other-log.json" --event-log "$logs/gcp_cos113.ccel.bin"
refused "a log that is not there is wrong usage" 2 '--event-log' \
    teereg evidence verify "${gcp[@]}" --file "$WORK/other-log.json" --event-log "$WORK/none.ccel"
refused "and one for a token says nothing" 2 '--event-log says nothing' teereg evidence verify "${maa[@]}" \
    --file "$vectors/dcap/maa/synthetic_tdxvm.jwt" --event-log "$WORK/none.ccel"

python3 - "$logs/gcp_cos113.ccel.bin" "$logs/dstack_quote_report.json" "$WORK" <<'END'
"""One log in every form that people have them in, as files form-*."""
import base64
import json
import sys

log, report, work = sys.argv[1:]
with open(log, "rb") as f:
    data = f.read()
with open(report) as f:
    report = json.load(f)
events = report["event_log"]
b64 = base64.b64encode(data).decode()
lines = "\n".join(b64[i:i + 76] for i in range(0, len(b64), 76))
forms = {
    "base64": b64, "base64-lines": f"\n{lines}\n", "base64url": base64.urlsafe_b64encode(data).decode().rstrip("="),
    "hex": data.hex(), "hex-spaced": "\n" + data.hex(" ", 4).upper() + "\n", "hex-0x": "0x" + data.hex(),
    "string": json.dumps(b64), "report": " \t" + json.dumps({"event_log": b64}),
    "json": f"\r\n\t {events}\n", "json-string": json.dumps(events),
    "json-base64": base64.b64encode(events.encode()).decode(),
    "json-report": json.dumps({"event_log": json.loads(events), "quote": "0x" + report["quote"]}),
}
for name, text in {**{f"form-{n}": t for n, t in forms.items()}, "events.json": events}.items():
    with open(f"{work}/{name}", "w", newline="") as f:
        f.write(text)
END
teereg evidence log "$logs/gcp_cos113.ccel.bin" >"$WORK/plain" 2>/dev/null
teereg evidence log "$WORK/events.json" >"$WORK/plain-json" 2>/dev/null
for form in base64 base64-lines base64url hex hex-spaced hex-0x string report; do
    teereg evidence show "$WORK/form-$form" 2>/dev/null | cmp - "$WORK/plain" || fail "a log as $form is listed otherwise"
    teereg evidence log-diff "$logs/gcp_cos113.ccel.bin" "$WORK/form-$form" --json >"$WORK/said"
    asks 'd["same"]'
done
ok "a log is read in hex, in base64, in lines and in JSON"
for form in json json-string json-base64; do
    teereg evidence show "$WORK/form-$form" 2>/dev/null | cmp - "$WORK/plain-json" || fail "dstack's log as $form is listed otherwise"
done
teereg evidence log "$WORK/form-json-report" --json >"$WORK/said"
asks 'd["matches"]'
ok "and so is dstack's, with white space around it"
(printf '\n\t ' && cat "$WORK/with-log.json") >"$WORK/spaced.json"
says "white space before evidence does not count" '^event_log_verdict +matches the quote$' \
    teereg evidence show "$WORK/spaced.json"
says "a log in base64 is held against the quote" '^verdict +accept$' \
    teereg evidence verify "${gcp[@]}" --file "$cos" --event-log "$WORK/form-base64-lines"
refused "the table that says where the log is, is none" 1 'ACPI table CCEL.*/sys/firmware/acpi/tables/data/CCEL' \
    teereg evidence log "$logs/goeventlog_CCEL.ccel_table.bin"
printf '\357\273\277[]' >"$WORK/marked.json"
refused "a byte order mark is named" 1 'byte order mark' teereg evidence log "$WORK/marked.json"
: >"$WORK/empty"
refused "an empty file is no log" 1 'without a byte' teereg evidence log "$WORK/empty"
printf '{"event_log": 7}' >"$WORK/seven.json"
refused "nor is a number" 1 'event_log: expected text or an array' teereg evidence log "$WORK/seven.json"
printf 'AQAAAAMAAAA' >"$WORK/cut.base64"
refused "nor is base64 that is cut" 1 "cut.base64: " teereg evidence log "$WORK/cut.base64"
refused "the log of another boot is refused with the registers" 5 'RTMR_MISMATCH.* RTMR0 RTMR1 ' \
    teereg evidence log "$logs/gcp_cos113_DUPE_SEPARATOR.ccel.bin" --quote "$quotes/tdx_v4_00806f05_gcp_cos113.bin"
head -c 5000 "$logs/gcp_cos113.ccel.bin" >"$WORK/short.ccel"
teereg evidence show "$logs/gcp_cos113.ccel.bin" >"$WORK/shown" 2>/dev/null || fail "no log is shown"
teereg evidence log "$logs/gcp_cos113.ccel.bin" 2>/dev/null | cmp - "$WORK/shown" || fail "a log is shown otherwise than listed"
teereg evidence show "$logs/dstack_quote_report.json" --json | grep -q '"matches": true' || fail "dstack's log is not shown"
refused "a log cut short is refused" 1 'truncated' teereg evidence log "$WORK/short.ccel"
teereg evidence log-diff "$logs/gcp_cos113.ccel.bin" "$logs/gcp_cos113_DUPE_SEPARATOR.ccel.bin" >"$WORK/diff" ||
    fail "two logs cannot be compared"
grep -q '^  removed  EV_SEPARATOR  00000000: no longer measured$' "$WORK/diff" || fail "the comparison does not say what is gone"
grep -q '^RTMR2: the same$' "$WORK/diff" || fail "the comparison does not say what stayed"
grep -q '^ *was   394341b7182cd227c5c6b07ef8000cdfd86136c4292b8e576573ad7ed9ae41019f5818b4b971c9effc60e1ad9f1289f0  \[digest matches\]$' \
    "$WORK/diff" || fail "the comparison does not say which digest is gone"
ok "two logs are compared"
teereg evidence log-diff "$logs/coco_gcp.ccel.bin" "$logs/gcp_cos113.ccel.bin" --json >"$WORK/said"
asks '[c["is"]["data_bytes"] - c["was"]["data_bytes"] for r in d["registers"] for c in r["changes"]
       if c["type"] == "EV_EFI_VARIABLE_DRIVER_CONFIG" and c["is"]["description"].startswith("KEK {")] == [1106 - 1560]'
ok "and each change has both digests and both descriptions"

python3 - "$vectors" "$WORK" <<'END' || fail "evidence differs from the vectors"
"""What `evidence show` and `evidence identity` print, against the vectors."""
import json
import os
import subprocess
import sys

vectors, work = sys.argv[1:]


def teereg(*words):
    done = subprocess.run(["teereg", "evidence", *words, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{words}: {done.stderr}")
    return json.loads(done.stdout)


def expect(what, found, expected):
    if found != expected:
        sys.exit(f"{what}: found {found}, expected {expected}")


with open(os.path.join(vectors, "dcap/quotes/expected.json")) as f:
    quotes = json.load(f)
shown = 0
for name, q in quotes.items():
    path = os.path.join(vectors, "dcap", name)
    if not name.startswith("quotes/") or q.get("tee_type") != 0x81 or not os.path.exists(path):
        continue
    m, body = teereg("show", path)["measurements"], q["body"]
    for ours, theirs in [("td_attributes", "tdAttributes"), ("xfam", "xfam"), ("mrtd", "mrTd"),
                         ("mrconfigid", "mrConfigId"), ("mrowner", "mrOwner"),
                         ("mrownerconfig", "mrOwnerConfig"), ("rtmr0", "rtmr0"), ("rtmr1", "rtmr1"),
                         ("rtmr2", "rtmr2"), ("rtmr3", "rtmr3")]:
        expect(f"{name}: {ours}", m[ours].removeprefix("0x"), body[theirs])
    shown += 1
if shown < 20:
    sys.exit(f"only {shown} quotes were shown")

with open(os.path.join(vectors, "identity-v2.json")) as f:
    identities = json.load(f)
image = os.path.join(work, "image.json")


def identity(case, m, *words):
    with open(image, "w") as f:
        json.dump({k: v.removeprefix("0x") for k, v in m.items()}, f)
    return teereg("identity", image, "--chain-id", case["chain_id"], "--contract", case["contract"],
                  *words)


for case in identities["tdx"]:
    m = {k: case[k] for k in ("td_attributes", "xfam", "mrtd", "mrconfigid", "mrowner", "mrownerconfig")}
    m = {"type": "tdx", **m, **{f"rtmr{i}": case["rtmr"][i] for i in range(4)}}
    found = identity(case, m, *(["--rtmr3"] if case["rtmr3_flag"] else []))
    expect(case["name"], found["identity"], case["identity"].removeprefix("0x"))
for case in identities["azure"]:
    m = {k: case[k] for k in ("td_attributes", "xfam", "mrtd")}
    m = {"type": "azure-tdx", **m, **{f"pcr{i}": case["pcrs"][i] for i in range(24)}}
    found = identity(case, m, "--pcr-mask", str(case["mask"]))
    expect(case["name"], found["identity"], case["identity"].removeprefix("0x"))
known = {c["identity"]: c for c in identities["tdx"]}
principals = 0
for p in identities["principal"]:
    case = known.get(p["identity"])
    if not case:
        continue
    m = {k: case[k] for k in ("td_attributes", "xfam", "mrtd", "mrconfigid", "mrowner", "mrownerconfig")}
    m = {"type": "tdx", **m, **{f"rtmr{i}": case["rtmr"][i] for i in range(4)}}
    found = identity(case, m, "--config-hash", p["config_hash"].removeprefix("0x"),
                     *(["--rtmr3"] if case["rtmr3_flag"] else []))
    expect("principal", found["principal"], p["principal"].removeprefix("0x"))
    principals += 1
print(f"{shown} quotes, {len(identities['tdx'])} + {len(identities['azure'])} identities, {principals} principals")
END
ok "what evidence show and evidence identity say is what the vectors say"

says "the manual is what the help texts say" 'teereg.1' "$ROOT/tools/manpage" --check
finish
