#!/bin/bash
# The whole story once, on a simulated platform: one instance gets its secrets, one is refused.
# Everything that happens is a command of ours, shown as it is typed; nothing stays behind.
set -euo pipefail
ROOT=${ROOT:-$(cd "$(dirname "$0")/.." && pwd)}
# shellcheck source=tools/system.sh
. "$ROOT/tools/system.sh"
# shellcheck source=tools/system_steps.sh
. "$ROOT/tools/system_steps.sh"

# tell TITLE, with the text of standard input below.
tell() {
    printf '\n%s\n' "$1"
    sed 's/^/  /'
}

began=$(date +%s%N)
system_begin
cat <<'END'
teereg, in ten seconds
======================
A service that runs in a TEE needs secrets: a database password, a TLS key, a disk key.  Who may give
them to it?  Not the machine it runs on: that belongs to somebody nobody has to trust.  So a contract on
a blockchain says which exact software may have which secrets, and a key management service (KMS), in a
TEE itself, gives them out to nobody else.  Here is all of it, on this machine.

This is a DEVELOPMENT BUILD with a SIMULATED platform: its quotes have the form of Intel's, but prove
nothing.
END

tell "1. A chain, and two contracts on it" <<'END'
The KMS contract says which KMS may hold the root key and which applications it serves.  The other one
belongs to our application, an order service, and says which of its images may have its secrets.
END
system_chain
SHOW=1 system_contracts
sed 's/^/  /' <<'END'
From here on the addresses, the node and the owner's key stand in the environment (TEEREG_KMS, TEEREG_APP,
TEEREG_RPC, TEEREG_KEY_FILE ...), so that commands need not repeat them.
END

tell "2. Two machines" <<'END'
One boots the KMS, one the order service.  Each measures what it boots: firmware, kernel, command line.
Those measurements are what the contracts know software by.
END
SHOW=1 system_platform kms teereg-kms
SHOW=1 system_platform orders orders

tell "3. Governance allows this KMS" <<'END'
The image alone is not enough: the right software, told to believe a false chain, would give everything
away.  So the hash of its security configuration is allowed together with its measurements.
END
SHOW=1 system_kms_allow

tell "4. The KMS starts and proves who it is" <<'END'
It makes a TLS key that never leaves it, and its certificate carries a quote over that key.  Every client
checks that quote against the contract before it sends one byte.  Governance does so now, and writes down
for ever which root key this KMS holds.  Then the application's CA and public key are published.
END
SHOW=1 system_kms_start
SHOW=1 system_kms_commit
SHOW=1 system_pki

tell "5. A secret, and a configuration that uses it" <<'END'
The developer seals the password to the application's published key: from here on nobody outside the TEE
can read it, so it may lie in public storage, here onchain.  The template names it by its hash.
END
SHOW=1 run teereg gov backend add "onchain://$TEEREG_APP"
(umask 077 && printf 'correct horse battery staple' >"$WORK/password.txt")
SHOW=1 system_secret password "$WORK/password.txt"
system_template "$REFERENCE"
shown cat "$WORK/template.json"
tell_output <"$WORK/template.json"
SHOW=1 system_config "$WORK/template.json" "$WORK/orders.json"

tell "6. The order service boots" <<'END'
It makes a key, checks the KMS against the contract, proves with a quote over its key what it is, and
receives its certificate and the key to its secrets, sealed to this one request.  Then it fetches the
template that the contract names for its measurements, and resolves it.
END
SHOW=1 provision orders
shown cat "$WORK/instance-orders/config"
sed 's/^/    /' "$WORK/instance-orders/config"
echo
grep -q 'correct horse battery staple' "$WORK/instance-orders/config" ||
    fail "the configuration does not hold the secret"

tell "7. The same image with another kernel" <<'END'
Somebody with access to the machine changes one thing: the kernel.  Everything else is as it was.
END
SHOW=1 run teereg-sim measurements --image orders --change rtmr1 --out "$WORK/changed.json"
SHOW=1 system_platform changed orders
shown teereg instance provision --attester "${PLATFORM[changed]}" --out "$WORK/instance-changed"
if teereg instance provision --attester "${PLATFORM[changed]}" --out "$WORK/instance-changed" \
    >"$WORK/refusal" 2>&1; then
    fail "the changed image got the secrets"
fi
sed "s|$WORK/||g; s/^/    /" "$WORK/refusal"
grep -q rtmr1 "$WORK/refusal" || fail "the refusal does not name rtmr1"
[ ! -e "$WORK/instance-changed" ] || fail "the refused instance left files behind"

cat <<END

Refused, and nothing was written.  Measurement rtmr1 is the kernel; only the owner of the contract can
decide that the new one is right, with the command above.

$(awk -v ns=$(($(date +%s%N) - began)) 'BEGIN { printf "All of this took %.1f s.", ns / 1e9 }') It is all stopped and removed now.  To keep such a system
and play with it: ./dev up
END
