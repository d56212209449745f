#!/bin/bash
# Names of instances live by a heartbeat: `gov domain renew` gives it, `gov show` tells what is missing, and a
# name that is silent does not keep a contract from being read.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
# It is yesterday, so that a day can pass without the future.
CHAIN_OPTIONS=(--timestamp $(($(date +%s) - 90000)) --preserve-historical-states)
system_chain
export TEEREG_FINAL=0
ME=0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266
OTHER=0x70997970c51812dc3a010c7d01b50e0d17dc79c8
(umask 077 && echo 59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d >"$WORK/other.key")
run teereg gov deploy app
TEEREG_APP=$(field contract)
ON=(--contract "$TEEREG_APP")
export TEEREG_APP
run teereg gov allow --operator $OTHER "${ON[@]}"
run teereg gov allow --operator $ME "${ON[@]}"
run teereg gov domain add silent.example.org "${ON[@]}" --key-file "$WORK/other.key"
# A day and a bit later it is today.
"$ROOT/contracts/cast" rpc --rpc-url "$TEEREG_RPC" evm_increaseTime 89990 >"$WORK/log/cast"
run teereg gov domain add a.example.org:443 "${ON[@]}"
run teereg gov domain add b.example.org "${ON[@]}" --final
says "a contract with a silent name can be read" '  silent.example.org +silent, until 20.*operator 0x7099' \
    teereg gov show app
grep -qE '  a.example.org:443 +alive, until 20.*operator 0xf39f' "$WORK/said" || fail "$(cat "$WORK/said")"
ok "who registered a name is told, and until when it lives"
until_of() { teereg gov show app --json | sed -nE '/"name": "a.example.org:443"/,/}/s/.*"until": "(.*)",/\1/p'; }
before=$(until_of)
[ -n "$before" ] || fail "no time in: $(teereg gov show app --json)"
says "a name with time left is left alone" 'seconds_left +8[0-9]{4}' \
    teereg gov domain renew a.example.org:443 "${ON[@]}" --when-left 3600
sleep 1
says "a heartbeat is given" 'transaction +0x' teereg gov domain renew a.example.org:443 "${ON[@]}" --final
[[ $(until_of) > $before ]] || fail "found $(until_of), and $before before"
ok "and counts"
says "one that was missed is given, too" 'transaction +0x' \
    teereg gov domain renew silent.example.org "${ON[@]}" --key-file "$WORK/other.key" --final
says "then it lives" '  silent.example.org +alive' teereg gov show app
refused "another's name is not renewed" 3 'was registered by 0xf39f' \
    teereg gov domain renew b.example.org "${ON[@]}" --key-file "$WORK/other.key"
refused "nor one that nobody registered" 4 'gov domain add' teereg gov domain renew c.example.org "${ON[@]}"
says "a heartbeat can be signed elsewhere" 'registerInstanceDomainName|unsigned' \
    teereg gov domain renew b.example.org "${ON[@]}" --offline --from $ME
finish
