#!/bin/bash
# Artifacts that a contract told in events: an instance's template is read from the log of the block that
# the contract names, and a node can withhold it, but not change it.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
system_begin
system_all
system_template "$REFERENCE"
sed 's/"orders"/"told in an event"/' "$WORK/template.json" >"$WORK/told.json"
run teereg gov artifact publish "$WORK/told.json"
TEMPLATE=$(field id)
run teereg gov set-config --measurements "$WORK/orders.json" --template "$TEMPLATE"
[ "$("$ROOT/contracts/cast" call --rpc-url "$TEEREG_RPC" "$TEEREG_APP" 'artifacts(bytes32)(bytes)' "0x$TEMPLATE")" = 0x ] ||
    fail "the contract keeps it, too"
provision orders
grep -q '"user": "told in an event"' "$WORK/instance-orders/config" || fail "$(cat "$WORK/instance-orders/config")"
ok "an instance is configured by a template that only an event has"
grep -q '"password": "correct horse battery staple"' "$WORK/instance-orders/config" || fail "no secret"
ok "and by a secret that the contract keeps"
says "it is fetched by its id" "id +$TEMPLATE" \
    teereg gov artifact get "$TEMPLATE" --contract "$TEEREG_APP" --out "$WORK/got"
cmp "$WORK/got" "$WORK/told.json" || fail "another artifact"
says "as stored content, too" 'told in an event' teereg store get "$TEMPLATE" --store "onchain://$TEEREG_APP"
refused "an id that was never told is not found" 4 'none of this id' \
    teereg gov artifact get "${TEMPLATE//[0-4]/5}" --contract "$TEEREG_APP" --out "$WORK/got"

# ---- told again, and again in one block with others ----
run teereg gov artifact publish "$WORK/told.json"
head -c 24575 /dev/urandom >"$WORK/large"
run teereg gov artifact publish "$WORK/large"
large=$(field id)
says "the largest comes back, and so does what was told twice" "bytes +24575" \
    teereg gov artifact get "$large" --contract "$TEEREG_APP" --out "$WORK/got"
cmp "$WORK/got" "$WORK/large" || fail "another artifact"
says "told twice" "id +$TEMPLATE" \
    teereg gov artifact get "$TEMPLATE" --contract "$TEEREG_APP" --out "$WORK/got"

# ---- nodes that lie about it ----
chain=$TEEREG_RPC
unset TEEREG_RPC
RPC=()
for name in a b c; do
    echo honest >"$WORK/way-$name"
    start "node-$name" python3 "$ROOT/tests/integration/liar.py" "$chain" "$WORK/way-$name"
    RPC+=(--rpc "$(wait_line "node-$name" '^at http' | sed 's/^at //')")
done
get() { timeout 60 teereg gov artifact get "$TEMPLATE" --contract "$TEEREG_APP" --quorum 2 "${RPC[@]}" --out "$WORK/got"; }
for way in nolog log; do
    for name in a b; do echo $way >"$WORK/way-$name"; done
    rm -f "$WORK/got"
    says "$way: what one of three nodes shows is read" "id +$TEMPLATE" get
    cmp "$WORK/got" "$WORK/told.json" || fail "another artifact"
    echo $way >"$WORK/way-c"
    rm -f "$WORK/got"
    refused "$way: what none shows is not read" 6 'no node shows that event' get
    [ ! -e "$WORK/got" ] || fail "something was written"
    for name in a b c; do echo honest >"$WORK/way-$name"; done
done
finish
