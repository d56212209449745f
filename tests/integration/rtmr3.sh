#!/bin/bash
# An instance says in RTMR3 which anchors it runs with, before it sends a byte, and stops when somebody
# else has used the register.  Ordinary files play it: they are written, and do not extend.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin

registers=$WORK/measurements
kms=0x$(printf '11%.0s' {1..20}) app=0x$(printf '22%.0s' {1..20})
mkdir "$registers"
# The first of ours in tests/vectors/anchors.json, and what RTMR3 is then.
anchors=$(python3 -c "import json; print(json.load(open('$ROOT/tests/vectors/anchors.json'))['cases'][0]['hash'])")
sums() { python3 -c "
import hashlib, sys
digest = hashlib.sha384(b'teereg-rtmr3-v2\0' + bytes.fromhex('$anchors')).digest()
sys.stdout.buffer.write({'digest': digest, 'rtmr3': hashlib.sha384(bytes(48) + digest).digest()}['$1'])"; }
# Whatever is sent goes nowhere: nothing listens there.
instance=(teereg instance provision --rpc http://127.0.0.1:8545 --chain-id 31337 --kms "$kms" --app "$app"
    --kms-url https://127.0.0.1:1 --out "$WORK/out" --attester http://127.0.0.1:1 --extend-rtmr3
    --rtmr-folder "$registers")

refused "a kernel without registers is told so" 1 'rtmr3:sha384 is not there.*Linux 6.16' "${instance[@]}"
head -c 48 /dev/zero >"$registers/rtmr3:sha384"
refused "a register that did not extend is found out" 1 'not as expected after it was extended' "${instance[@]}"
sums digest | cmp - "$registers/rtmr3:sha384" || fail "other bytes than the digest were written"
ok "what is written is the digest of this instance's anchors"
refused "a register that somebody else extended stops the instance" 3 'extended by somebody else' "${instance[@]}"
sums digest | cmp - "$registers/rtmr3:sha384" || fail "the register was written"
ok "and is left as it is"
sums rtmr3 >"$registers/rtmr3:sha384"
refused "a register that says what it should lets the instance go on" 6 '127.0.0.1' "${instance[@]}"
sums rtmr3 | cmp - "$registers/rtmr3:sha384" || fail "the register was written"
ok "and is not extended again"
head -c 47 /dev/zero >"$registers/rtmr3:sha384"
refused "a register of another length is refused" 1 '47 bytes, expected 48' "${instance[@]}"
refused "an event log that was asked for must be there" 4 'event log.*none' \
    teereg instance provision --chain-id 31337 --kms "$kms" --app "$app" --kms-url https://127.0.0.1:1 \
    --out "$WORK/out" --attester http://127.0.0.1:1 --event-log "$WORK/none"
finish
