#!/bin/bash
# SR-07: evidence of a KMS that is older than an hour by the chain's clock is refused; after a renewal
# it serves again.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
# The chain's clock runs behind, so that it can jump ahead without being in the future.
CHAIN_OPTIONS=(--timestamp $(($(date +%s) - 3560)))
system_all
provision orders
ok "fresh evidence is taken"

for call in 'evm_increaseTime 3610' 'evm_mine'; do
    # shellcheck disable=SC2086  # method and parameter
    "$ROOT/contracts/cast" rpc --rpc-url "$TEEREG_RPC" $call >>"$WORK/log/cast" 2>&1 ||
        fail "$(cat "$WORK/log/cast")"
done
sleep 1
refused "evidence of more than an hour ago is refused" 5 'evidence is 3[0-9]+ s old' \
    teereg instance provision --attester "${PLATFORM[orders]}" --out "$WORK/none"
[ ! -e "$WORK/none" ] || fail "files of a refused instance"
ok "nothing was written"

stop kms
system_kms_start
provision orders
ok "with renewed evidence it is served again"
finish
