#!/bin/bash
# The two contracts on a real chain, written and read by our own code; and contracts that mean harm (SR-15).
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
start anvil "$ROOT/contracts/anvil" --host 127.0.0.1 --port 0 --chain-id 31337 --slots-in-an-epoch 1
address=$(wait_line anvil 'Listening on' 60)
TEEREG_RPC="http://${address##* }" "$BUILD/tests/integration/gov_contracts" >"$WORK/said" 2>&1 || {
    cat "$WORK/said"
    fail "the tests above"
}
grep -q 'PASSED' "$WORK/said" || fail "nothing was tested: $(cat "$WORK/said")"
grep -E 'test\(s\) run|PASSED' "$WORK/said"
ok "the contracts do what gov reads and writes"
finish
