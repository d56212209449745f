#!/bin/bash
# SR-15: an application's contract that reverts, answers garbage or never ends harms itself alone.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all

# deploy NAME RUNTIME_HEX [SETUP_HEX]: code that is only that, after SETUP; its address is BAD[NAME].
declare -A BAD=()
deploy() {
    local n at
    n=$(printf '%02x' $((${#2} / 2)))
    at=$(printf '%02x' $((${#3} / 2 + 12)))
    BAD[$1]=$("$ROOT/contracts/cast" send --rpc-url "$TEEREG_RPC" --private-key "$(cat "$TEEREG_KEY_FILE")" \
        --create "$3""60${n}60${at}60003960${n}6000f3$2" 2>"$WORK/log/cast" |
        awk '$1 == "contractAddress" { print $2 }')
    [ -n "${BAD[$1]}" ] || fail "cast: $(cat "$WORK/log/cast")"
}
ones=$(printf 'f%.0s' {1..64})
deploy reverts 60006000fd ''             # PUSH1 0 PUSH1 0 REVERT
deploy garbage 60ff6000526110006000f3 '' # 4096 bytes, the first word 0x00..ff
deploy endless 5b600056 ''               # JUMPDEST PUSH1 0 JUMP
# Answers 2 to everything, so it passes for ours; its head (slot 3) and successor (6) are all ones.
deploy impostor 600260005260206000f3 "7f${ones}6003557f${ones}600655"
good=$TEEREG_APP
for kind in "${!BAD[@]}"; do
    run teereg gov app allow --app "${BAD[$kind]}"
    start_ns=$(date +%s%N)
    if TEEREG_APP=${BAD[$kind]} teereg instance provision --attester "${PLATFORM[orders]}" \
        --out "$WORK/none" >"$WORK/said" 2>&1; then
        fail "an application whose contract $kind was served"
    fi
    ms=$((($(date +%s%N) - start_ns) / 1000000))
    [ $ms -lt 10000 ] || fail "that took $ms ms"
    ok "an application whose contract is '$kind' gets nothing, soon ($(head -c 100 "$WORK/said" | head -n 1))"
    code=$(curl -sk -o "$WORK/said" -w '%{http_code}' "$TEEREG_KMS_URL/api/v2/pki/${BAD[$kind]}")
    case $code in 4?? | 503) ;; *) fail "PKI of '$kind': status $code, $(cat "$WORK/said")" ;; esac
    ok "its PKI is refused with $code"
    TEEREG_APP=$good
    provision orders
    ok "the others are served as before"
done
finish
