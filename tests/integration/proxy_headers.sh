#!/bin/bash
# SR-05, SR-08, SR-68: version 1's secrets, for a proxy on this machine that knows the token, and for
# contracts of scheme 1; the headers are refused everywhere else.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
(umask 077 && openssl rand -hex 32 >"$WORK/token")
token=$(cat "$WORK/token")
# shellcheck disable=SC2034  # of system_steps.sh
KMS_SECURITY=(--proxy-listen "unix:$WORK/proxy.sock")
KMS_MORE+=(--proxy-token-file "$WORK/token")
system_all
logged "the start says aloud that version 1 is on" kms 'VERSION 1 IS ON.*proxy.sock'
says "so does its status" 'proxy-headers' teereg kms status --admin "$WORK/kms.sock"
says "and its metrics" '^teereg_compat_switches 3$' \
    curl -s --unix-socket "$WORK/kms.sock" http://localhost/metrics

# An application of version 1, with the image "orders": its identity has no MRTD in it.
v2=$TEEREG_APP
run teereg gov deploy app --scheme 1
v1=$(field contract)
run teereg gov app allow --app "$v1"
run teereg gov show app --app "$v1" --measurements "$WORK/orders.json"
identity=$(field identity)
run teereg gov set-config --app "$v1" --identity "$identity" --template "$TEMPLATE"
measured() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$WORK/orders.json" "$1"; }
mrtd=$(measured mrtd)
measurement=$(printf '{"0":"%s","1":"%s","2":"%s","3":"%s","4":"%s"}' "$mrtd" "$(measured rtmr0)" \
    "$(measured rtmr1)" "$(measured rtmr2)" "$(measured rtmr3)")
openssl ecparam -name prime256v1 -genkey -noout -out "$WORK/instance.key" 2>/dev/null
openssl req -new -key "$WORK/instance.key" -subj "/CN=whatever" -out "$WORK/csr.pem" 2>/dev/null

headers=(-H 'X-Flashbots-Attestation-Type: qemu-tdx' -H "X-Flashbots-Measurement: $measurement")
# ask STATUS SENTENCE CURL_OPTION...: the answer is in $WORK/said.  What governance changed counts a moment
# later, when the KMS looks for the next block: so another status may come first.
ask() {
    local status=$1 sentence=$2 found until=$((SECONDS + 5))
    shift 2
    while :; do
        found=$(curl -s -o "$WORK/said" -w '%{http_code}' --data-binary "@$WORK/csr.pem" "$@") ||
            fail "$sentence: curl failed"
        [ "$found" != "$status" ] || break
        [ $SECONDS -le $until ] || fail "$sentence: found status $found and $(cat "$WORK/said")"
        sleep 0.1
    done
    ok "$sentence"
}
on_socket=(--unix-socket "$WORK/proxy.sock")
at() { printf 'http://localhost/api/attested/secrets/%s' "${1#0x}"; }
known=(-H "X-Teereg-Proxy-Token: $token")

ask 403 "firmware that is not on the list is refused" "${on_socket[@]}" "${headers[@]}" "${known[@]}" "$(at "$v1")"
logged "and the log says so" kms 'firmware-not-allowed'
run teereg gov allow --contract "$TEEREG_KMS" --firmware "$mrtd"
ask 200 "with its firmware allowed it is served" "${on_socket[@]}" "${headers[@]}" "${known[@]}" "$(at "$v1")"
python3 - "$WORK" <<'END'
import base64, json, sys
work = sys.argv[1]
answer = json.load(open(work + "/said"))
assert list(answer) == ["app_privkey", "tls_cert", "operator", "attestation"], list(answer)
assert answer["operator"] == [0] * 20
for name, member in (("app.key", "app_privkey"), ("tls.pem", "tls_cert"), ("quote", "attestation")):
    open(f"{work}/{name}", "wb").write(base64.b64decode(answer[member], validate=True))
END
head -n 1 "$WORK/app.key" | grep -qx -e '-----BEGIN EC PRIVATE KEY-----' || fail "$(head -n 1 "$WORK/app.key")"
curl -sk "$TEEREG_KMS_URL/api/public/pki/${v1#0x}" >"$WORK/pki"
python3 - "$WORK" <<'END'
import base64, json, sys
work = sys.argv[1]
pki = json.load(open(work + "/pki"))
open(work + "/ca.pem", "wb").write(base64.b64decode(pki["ca_cert"]))
open(work + "/app.pub", "wb").write(base64.b64decode(pki["app_pubkey"]))
END
cmp <(openssl pkey -in "$WORK/app.key" -pubout) "$WORK/app.pub" || fail "the key is not the application's"
ok "the key is the one whose public half the KMS publishes"
openssl verify -CAfile "$WORK/ca.pem" "$WORK/tls.pem" >"$WORK/said" 2>&1 || fail "$(cat "$WORK/said")"
cmp <(openssl x509 -in "$WORK/tls.pem" -noout -pubkey) <(openssl pkey -in "$WORK/instance.key" -pubout) ||
    fail "the certificate is for another key"
ok "the certificate is for the CSR's key, by the application's CA"
grep '"event":"release-v1"' "$WORK/audit.log" | grep -q '"via":"proxy","type":"qemu-tdx"' || fail "no record"
ok "the audit log says that it was a proxy's word"
if grep -qF "$token" -r "$WORK/log" "$WORK/audit.log"; then fail "a log holds the token"; fi
ok "no log holds the token"

ask 401 "without the token it is refused" "${on_socket[@]}" "${headers[@]}" "$(at "$v1")"
ask 401 "with another token too" "${on_socket[@]}" "${headers[@]}" -H "X-Teereg-Proxy-Token: ${token%?}x" "$(at "$v1")"
ask 400 "a header sent twice is refused" "${on_socket[@]}" "${headers[@]}" "${known[@]}" \
    -H 'x-flashbots-attestation-type: qemu-tdx' "$(at "$v1")"
ask 400 "the command line's name of the type is not the header's" "${on_socket[@]}" "${known[@]}" \
    -H 'X-Flashbots-Attestation-Type: dcap-tdx' -H "X-Flashbots-Measurement: $measurement" "$(at "$v1")"
ask 403 "a contract of scheme 2 is refused" "${on_socket[@]}" "${headers[@]}" "${known[@]}" "$(at "$v2")"
logged "by name" kms 'scheme-not-v1'
ask 404 "no route of version 2 is there" "${on_socket[@]}" "${headers[@]}" "${known[@]}" \
    "http://localhost/api/v2/secrets/${v1#0x}"

for path in "/api/attested/secrets/${v1#0x}" "/api/v2/secrets/${v1#0x}" /livez; do
    ask 403 "the TLS listener refuses the headers at ${path%%/0x*}" -k "${headers[@]}" "$TEEREG_KMS_URL$path"
done
ask 404 "it has no such route without them" -k "$TEEREG_KMS_URL/api/attested/secrets/${v1#0x}"
provision orders
ok "instances of version 2 are served beside it"

run teereg gov revoke --contract "$TEEREG_KMS" --firmware "$mrtd"
ask 403 "firmware that is taken back is refused at once" "${on_socket[@]}" "${headers[@]}" "${known[@]}" "$(at "$v1")"

# Azure's headers hold no MRTD: what such a proxy vouches for has to be allowed by its own name.
azure=(-H 'X-Flashbots-Attestation-Type: azure-tdx'
    -H "X-Flashbots-Measurement: $(printf '{"4":"%064x","9":"%064x","11":"%064x"}' 5 10 12)")
of_pcrs=$("$ROOT/contracts/cast" keccak "0x${v1#0x}$(printf '%064x%064x%064x' 5 10 12)")
run teereg gov set-config --app "$v1" --identity "${of_pcrs#0x}" --template "$TEMPLATE"
ask 403 "an Azure peer is not served by chance" "${on_socket[@]}" "${azure[@]}" "${known[@]}" "$(at "$v1")"
run teereg gov allow --contract "$TEEREG_KMS" --firmware "$(printf '%096d' 0)"
ask 200 "but where governance allows what an Azure proxy vouches for" "${on_socket[@]}" "${azure[@]}" "${known[@]}" "$(at "$v1")"
stop kms

# The same on a loopback port.  Which address it is, is not part of the configuration that is allowed.
KMS_SECURITY=(--proxy-listen 127.0.0.1:0)
mv "$WORK/log/kms" "$WORK/log/kms-1"
system_kms_start
port=$(wait_line kms 'VERSION 1 IS ON' | sed -E 's/.*port"?[=:]"?([0-9]+).*/\1/')
ask 200 "a loopback port serves as well" "${azure[@]}" "${known[@]}" \
    "http://127.0.0.1:$port/api/attested/secrets/${v1#0x}"
ask 401 "and asks for the token as well" "${azure[@]}" "http://127.0.0.1:$port/api/attested/secrets/${v1#0x}"
stop kms

KMS_SECURITY=(--proxy-listen 0.0.0.0:0)
refused "an address that others reach is no start" 3 'loopback' kms_serve
KMS_SECURITY=(--proxy-listen 127.0.0.1:0)
chmod 640 "$WORK/token"
refused "nor a token that others may read" 3 'others may read it.*chmod 600' kms_serve
(umask 077 && echo 0badcafe >"$WORK/token-short")
KMS_MORE=("${KMS_MORE[@]/%\/token/\/token-short}")
refused "nor one that is no 32 random bytes" 1 'openssl rand' kms_serve
finish
