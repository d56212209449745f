#!/bin/bash
# How governance's transactions leave: keys from files, keystores and the environment; signed elsewhere; for a
# Safe; through a timelock.  And what happens to them: a crash, a block that is full, a reorganisation.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
cast() { "$ROOT/contracts/cast" "$@"; }
rpc() { cast rpc --rpc-url "$TEEREG_RPC" "$@" >"$WORK/log/cast" 2>&1 || fail "$*: $(cat "$WORK/log/cast")"; }
json() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval(sys.argv[2], {"d": d}))' "$@"; }

# A chain that makes a block for each transaction, until it is told otherwise.
start chain "$ROOT/contracts/anvil" --port 0 --chain-id 31337 --slots-in-an-epoch 1 --no-cors
TEEREG_RPC=http://$(wait_line chain '^Listening on ' | sed 's/^Listening on //')
export TEEREG_RPC TEEREG_CHAIN_ID=31337 TEEREG_JOURNAL=$WORK/journal
ME=0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266
OTHER=0x70997970c51812dc3a010c7d01b50e0d17dc79c8
HEX=ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80
(umask 077 && echo $HEX >"$WORK/owner.key" && printf 'correct horse\n' >"$WORK/password" &&
    cp "$ROOT/tests/vectors/keystore/cast.json" "$WORK/owner.json" && printf 'wrong' >"$WORK/wrong")
nonce() { cast nonce --rpc-url "$TEEREG_RPC" $ME; }

# ---- keys ----
says "a contract is deployed and its code compared" 'code_hash +[0-9a-f]{64}' \
    teereg gov deploy app --key-file "$WORK/owner.key"
OUT=$(cat "$WORK/said")
APP=$(field contract)
ON=(--contract "$APP")
says "a keystore and its password sign" 'transaction +0x' \
    teereg gov pause "${ON[@]}" --key-file "$WORK/owner.json" --password-file "$WORK/password"
refused "another password does not" 5 'password is not the one' \
    teereg gov pause "${ON[@]}" --key-file "$WORK/owner.json" --password-file "$WORK/wrong"
refused "without a password and a terminal nothing is signed" 2 'password-file is needed' \
    setsid teereg gov pause "${ON[@]}" --key-file "$WORK/owner.json"
MY_KEY=0x$HEX says "a variable of the environment signs" 'transaction +0x' \
    teereg gov unpause "${ON[@]}" --key-env MY_KEY
refused "no key is no transaction" 2 '--key-file FILE is needed' teereg gov pause "${ON[@]}"
cp "$WORK/owner.key" "$WORK/open.key" && chmod 644 "$WORK/open.key"
refused "a key that others may read is refused" 3 'others may read it' \
    teereg gov pause "${ON[@]}" --key-file "$WORK/open.key"
export TEEREG_KEY_FILE=$WORK/owner.key
(umask 077 && echo 59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d >"$WORK/other.key")
refused "who has no role is told which one is missing" 3 'role "guardian"' \
    teereg gov pause "${ON[@]}" --key-file "$WORK/other.key"
refused "what would revert is not sent" 3 'NothingWaits' teereg gov settings cancel "${ON[@]}"
refused "a fee over the ceiling is not paid" 3 'the limit is 1000000000' \
    teereg gov pause "${ON[@]}" --max-fee 1

# ---- signed elsewhere ----
before=$(nonce)
teereg gov pause "${ON[@]}" --offline --from $ME --json >"$WORK/unsigned.json"
[ "$(nonce)" = "$before" ] || fail "--offline sent something"
raw=$(json "$WORK/unsigned.json" 'd["transactions"][0]["unsigned"]')
data=$(json "$WORK/unsigned.json" 'd["transactions"][0]["data"]')
[ "$data" = "$(cast calldata 'setPaused(bool)' true)" ] || fail "calldata: $data"
ok "an unsigned transaction is written down"
says "who signs sees what it does" 'setPaused\(paused=true\)' teereg gov sign "$WORK/unsigned.json"
teereg gov sign "$WORK/unsigned.json" --json >"$WORK/signed.json"
n=$(json "$WORK/unsigned.json" 'd["transactions"][0]["nonce"]')
theirs=$(cast mktx --private-key 0x$HEX --chain 31337 --nonce "$n" \
    --gas-limit "$(json "$WORK/unsigned.json" 'd["transactions"][0]["gas"]')" \
    --gas-price "$(json "$WORK/unsigned.json" 'd["transactions"][0]["max_fee"]')" \
    --priority-gas-price "$(json "$WORK/unsigned.json" 'd["transactions"][0]["max_priority_fee"]')" \
    "$APP" "$data")
[ "$(json "$WORK/signed.json" 'd["transactions"][0]["signed"]')" = "$theirs" ] ||
    fail "signed differs from cast's: $theirs"
ok "cast signs the same bytes"
refused "a transaction of another chain is not signed" 5 'not signed' \
    teereg gov sign "$WORK/unsigned.json" --chain-id 1
refused "nor is one that offers more than is allowed" 5 'wei for each of .* not signed' \
    teereg gov sign "$WORK/unsigned.json" --max-fee 1
echo "$raw" >"$WORK/unsigned.txt"
refused "an unsigned one is not sent" 1 'gov sign' teereg gov send "$WORK/unsigned.txt"
says "the signed one is sent" 'setPaused' teereg gov send "$WORK/signed.json"
[ "$(nonce)" = $((before + 1)) ] || fail "number $(nonce)"
says "sent again it is the same one" 'setPaused' teereg gov send "$WORK/signed.json"
[ "$(nonce)" = $((before + 1)) ] || fail "it was sent twice"
ok "and not sent twice"

# What a file from another machine may hold: money that goes away, or code that is not ours.
cast mktx --raw-unsigned --from $ME --value 7 --chain 31337 --nonce "$n" --gas-limit 60000 --gas-price 100 \
    --priority-gas-price 1 "$APP" "$data" >"$WORK/money.txt"
refused "money is not sent away" 5 'sends ether along: not signed' teereg gov sign "$WORK/money.txt"
teereg gov deploy kms --owner $OTHER --offline --from $ME --json >"$WORK/unsigned.json"
says "who signs a deployment sees what and for whom" "deploy the KMS contract \(owner=$OTHER, scheme=2\)" \
    teereg gov sign "$WORK/unsigned.json"
python3 - "$WORK/unsigned.json" >"$WORK/strange.txt" <<'END'
import json, sys
raw = json.load(open(sys.argv[1]))["transactions"][0]["unsigned"]
print(raw.replace("6080604052346101", "6080604052346102", 1))
END
says "and that it is another one" 'neither the KMS contract nor' teereg gov sign "$WORK/strange.txt"
teereg gov sign "$WORK/unsigned.json" --json >"$WORK/signed.json"
says "what was deployed so is compared too" 'code_hash":"[0-9a-f]{64}' teereg gov send "$WORK/signed.json"

# ---- a Safe ----
teereg gov owner transfer $OTHER "${ON[@]}" --safe-batch "$WORK/batch.json" --from $ME >"$WORK/said"
python3 - "$WORK/batch.json" >"$WORK/serialized" <<'END'
import json, sys
batch = json.load(open(sys.argv[1]))
found = batch["meta"].pop("checksum")
batch["meta"]["name"] = None
dump = lambda v: json.dumps(v, separators=(",", ":"), ensure_ascii=False)
def serialize(v):
    if isinstance(v, list):
        return "[" + ",".join(map(serialize, v)) + "]"
    if isinstance(v, dict):
        keys = sorted(v)
        return "{" + dump(keys) + "".join(serialize(v[k]) + "," for k in keys) + "}"
    return dump(v)
print(found, serialize(batch), end="")
END
read -r found text <"$WORK/serialized" || true
[ "$found" = "$(cast keccak "$text")" ] || fail "the batch's checksum"
[ "$(json "$WORK/batch.json" 'd["transactions"][0]["data"]')" = \
    "$(cast calldata 'transferOwnership(address)' $OTHER)" ] || fail "the batch's call"
ok "a Safe's batch has its checksum and the call"
refused "a Safe cannot deploy" 2 'owner' \
    teereg gov deploy app --safe-batch "$WORK/none.json" --from $ME

# ---- a timelock as owner ----
arguments=$(cast abi-encode 'f(uint256,address[],address[],address)' 3600 "[$ME]" "[$ME]" $ME)
timelock=$(cast send --rpc-url "$TEEREG_RPC" --private-key 0x$HEX --json --create \
    "0x$(cat "$ROOT/tests/vectors/timelock/timelock.hex")${arguments#0x}" |
    python3 -c 'import json,sys; print(json.load(sys.stdin)["contractAddress"])')
says "a contract is deployed for a timelock" "owner +${timelock,,}" \
    teereg gov deploy app --owner "$timelock"
OUT=$(cat "$WORK/said")
LOCKED=(--contract "$(field contract)" --timelock "$timelock")
refused "its owner alone may do what owners do" 3 'owner' \
    teereg gov delay set 60 --contract "$(field contract)"
says "a call is scheduled" 'transaction +0x' teereg gov delay set 60 "${LOCKED[@]}"
refused "it cannot be executed at once" 3 'TimelockUnexpectedOperationState' \
    teereg gov delay set 60 "${LOCKED[@]}" --timelock-step execute
rpc evm_increaseTime 3601
rpc evm_mine
says "after the timelock's delay it is executed" 'transaction +0x' \
    teereg gov delay set 60 "${LOCKED[@]}" --timelock-step execute
[ "$(cast call --rpc-url "$TEEREG_RPC" "$(field contract)" 'settings()((uint8,bool,bool,bool,bool,uint32,uint64,uint32,uint64,uint16))' |
    cut -d, -f8)" = " 60" ] || fail "the delay is not 60"
ok "and the contract obeyed"
says "another call is scheduled" 'transaction' teereg gov pause "${LOCKED[@]}"
says "and cancelled" 'transaction' teereg gov pause "${LOCKED[@]}" --timelock-step cancel

# ---- a crash ----
rpc evm_setAutomine false
before=$(nonce)
start crash teereg gov epoch raise "${ON[@]}" --wait 60
until grep -qs '"told":false' "$WORK"/journal/31337-*.json && [ "$(cast rpc --rpc-url "$TEEREG_RPC" txpool_status |
    python3 -c 'import json,sys; print(int(json.load(sys.stdin)["pending"], 16))')" = 1 ]; do
    running crash || fail "it ended: $(cat "$WORK/log/crash")"
    sleep 0.05
done
kill -9 "${PID[crash]}"
wait "${PID[crash]}" 2>/dev/null || true
start again teereg gov epoch raise "${ON[@]}" --wait 60
sleep 0.5
rpc evm_mine
wait "${PID[again]}" || fail "after the crash: $(cat "$WORK/log/again")"
[ "$(nonce)" = $((before + 1)) ] || fail "the epoch was raised twice"
ok "after kill -9 the same command goes on with the same transaction"

# ---- a block that is too dear ----
start dear teereg gov epoch raise "${ON[@]}" --wait 60 --replace-after 1
max_fee() {
    cast rpc --rpc-url "$TEEREG_RPC" txpool_content | python3 -c 'import json,sys
for txs in json.load(sys.stdin)["pending"].values():
    for tx in txs.values(): print(int(tx["maxFeePerGas"], 16))'
}
until first=$(max_fee) && [ -n "$first" ]; do sleep 0.05; done
for ((i = 0; i < 200; i++)); do
    second=$(max_fee)
    [ "$second" = "$first" ] || break
    sleep 0.05
done
[ "$second" -gt $((first * 11 / 10)) ] || fail "replacement: from $first to $second"
rpc evm_mine
wait "${PID[dear]}" || fail "$(cat "$WORK/log/dear")"
[ "$(nonce)" = $((before + 2)) ] || fail "number $(nonce)"
ok "what is stuck is replaced by the same for more"

# ---- a reorganisation ----
start final teereg gov epoch raise "${ON[@]}" --wait 60 --final
until [ -n "$(max_fee)" ]; do sleep 0.05; done
rpc evm_mine
eventually "it is included" 10 test "$(nonce)" = $((before + 3))
sleep 0.5
rpc anvil_reorg 1 '[]'
eventually "what fell out of the chain is sent again" 10 bash -c \
    "'$ROOT/contracts/cast' rpc --rpc-url $TEEREG_RPC txpool_status | grep -q '\"pending\":\"0x1\"'"
for i in 1 2 3 4; do rpc evm_mine; done
wait "${PID[final]}" || fail "$(cat "$WORK/log/final")"
[ "$(nonce)" = $((before + 3)) ] || fail "number $(nonce)"
ok "and told when its new block is final"
finish
