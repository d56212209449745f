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
cat >"$WORK/env" <<END
export PATH=$BUILD:\$PATH
export TEEREG_RPC=$TEEREG_RPC TEEREG_CHAIN_ID=$TEEREG_CHAIN_ID TEEREG_KEY_FILE=$TEEREG_KEY_FILE
export TEEREG_KMS=$TEEREG_KMS TEEREG_APP=$TEEREG_APP TEEREG_KMS_URL=$TEEREG_KMS_URL
END
cat <<END

It runs.  Open another terminal and type:

  . $WORK/env
  teereg instance provision --attester ${PLATFORM[orders]} --out /tmp/orders
  cat /tmp/orders/config

Then, for example:

  teereg gov show app                               what the application's contract says
  teereg kms status --admin $WORK/kms.sock          what the KMS says of itself
  teereg audit verify $WORK/audit.log               everything it ever released, in a chain of hashes
  teereg-sim measurements --image orders --change rtmr1 > /tmp/changed.json
  teereg-sim serve --listen 127.0.0.1:7600 --measurements /tmp/changed.json
                                                    a machine with another kernel: provision there
  teereg --help                                     everything else

Files and logs are in $WORK.  Ctrl-C stops all of it and removes them.
END
for name in chain kms platform-kms platform-orders; do
    echo "  $name: process ${PID[$name]}, log $WORK/log/$name"
done
while running kms && running chain; do
    sleep 1 &
    wait $!
done
fail "the KMS or the chain ended by itself; the end of its log: $(tail -n 5 "$WORK/log/kms")"
