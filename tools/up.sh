#!/bin/bash
# The system of the demo, kept running for play until Ctrl-C.
set -euo pipefail
ROOT=${ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
# shellcheck source=tools/system.sh
. "$ROOT/tools/system.sh"
# shellcheck source=tools/system_steps.sh
. "$ROOT/tools/system_steps.sh"

system_begin
echo "starting a chain, a SIMULATED platform and a KMS (this is a development build) ..."
system_all
# From now on for hours: a block a second is enough.
"$ROOT/contracts/cast" rpc --rpc-url "$TEEREG_RPC" evm_setIntervalMining 1 >"$WORK/log/cast" 2>&1 ||
    fail "the chain does not slow down: $(cat "$WORK/log/cast")"
cat >"$WORK/env" <<END
export PATH=$BUILD:\$PATH
export TEEREG_RPC=$TEEREG_RPC TEEREG_CHAIN_ID=$TEEREG_CHAIN_ID TEEREG_KEY_FILE=$TEEREG_KEY_FILE
export TEEREG_KMS=$TEEREG_KMS TEEREG_APP=$TEEREG_APP TEEREG_KMS_URL=$TEEREG_KMS_URL TEEREG_FINAL=1
export TEEREG_COLLATERAL_DIR=$TEEREG_COLLATERAL_DIR TEEREG_JOURNAL=$TEEREG_JOURNAL
export TEEREG_ADMIN=$WORK/kms.sock TEEREG_ATTESTER=${PLATFORM[orders]}
END
cat <<END

It runs.  Open another terminal and type:

  . $WORK/env
  teereg instance provision --out /tmp/orders
  cat /tmp/orders/config

What the application's contract says, what the KMS says of itself, everything it ever released:

  teereg gov show app
  teereg kms status
  teereg audit verify $WORK/audit.log

A machine with another kernel.  In a third terminal, where it keeps running:

  . $WORK/env
  teereg-sim measurements --image orders --change rtmr1 > /tmp/changed.json
  teereg-sim serve --listen 127.0.0.1:7600 --measurements /tmp/changed.json

And in the second one, what it gets:

  teereg instance provision --out /tmp/changed --attester http://127.0.0.1:7600

Every command tells more with --help; \`man -l $ROOT/docs/man/teereg.1\` is all of it.

Logs are in $WORK/log.  Ctrl-C stops all of it and removes $WORK.
END
wait -n "${PID[kms]}" "${PID[chain]}" || true
fail "the KMS or the chain ended by itself; the end of its log: $(tail -n 5 "$WORK/log/kms")"
