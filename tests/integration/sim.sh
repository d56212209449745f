#!/bin/bash
# The simulated platform as its users meet it.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin

zero=$(printf '0%.0s' {1..128})
data=$(printf 'a7%.0s' {1..64})
teereg-sim measurements --image orders --out "$WORK/m.json" 2>/dev/null
teereg-sim measurements --image orders --change rtmr1 --out "$WORK/changed.json" 2>/dev/null
system_platform orders orders
url=${PLATFORM[orders]}

curl -sf "$url/attest/$data" -o "$WORK/served"
teereg-sim quote --measurements "$WORK/orders.json" --platform orders --report-data "$data" \
    --out "$WORK/made" 2>/dev/null
cmp "$WORK/served" "$WORK/made" || fail "served and made quotes differ"
ok "a served quote is the quote of that platform, TD and report data"

head -c 632 "$WORK/served" | tail -c 64 | hex_of | grep -qx "$data" ||
    fail "report data is not at its offset"
ok "report data stands where Intel's format has it"

[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/attest/${data}00")" = 400 ] || fail "130 digits"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/attest/${data%?}z")" = 400 ] || fail "no hex"
[ "$(curl -s -o /dev/null -w '%{http_code}' "$url/else")" = 404 ] || fail "another path"
ok "anything but 128 hex digits is refused"

start unix teereg-sim serve --listen "unix:$WORK/sim.sock" --measurements "$WORK/m.json" \
    --platform orders
wait_line unix 'SIMULATED' >/dev/null
curl -sf --unix-socket "$WORK/sim.sock" "http://x/attest/$data" | cmp - "$WORK/made"
ok "a Unix socket serves the same quotes"

[ "$(diff "$WORK/m.json" "$WORK/changed.json" | grep -c '^<')" = 1 ] || fail "not one changed field"
ok "--change changes one measurement alone"

says "the root can be had for 'evidence verify --root'" 'BEGIN CERTIFICATE' teereg-sim root
says "--help shows an example" 'teereg-sim serve --listen' teereg-sim --help
says "the version says that it is simulated" 'SIMULATED' teereg-sim --version
refused "an unknown command is wrong usage" 2 "no command 'fly'" teereg-sim fly
refused "an unknown option is wrong usage" 2 "no option '--colour'" \
    teereg-sim quote --colour red
refused "a missing option is wrong usage" 2 'are needed' teereg-sim quote
refused "an option twice is wrong usage" 2 'too often' \
    teereg-sim measurements --image a --image b
refused "an unknown fault is named" 1 "no fault is named 'rust'" \
    teereg-sim quote --measurements "$WORK/m.json" --report-data "$zero" --fault rust
refused "short report data says found and expected" 1 'found 2 characters, expected 128' \
    teereg-sim quote --measurements "$WORK/m.json" --report-data 00

kill -s TERM "${PID[platform-orders]}"
wait "${PID[platform-orders]}" || fail "exit code $? at SIGTERM"
unset "PID[platform-orders]"
ok "SIGTERM ends it, and well"
finish
