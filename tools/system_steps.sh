# shellcheck shell=bash
# What a local system consists of, one function a step; each may be called alone, in this order.
#
# Sourced after tools/system.sh.  Commands of teereg take their settings from the environment
# (TEEREG_RPC, TEEREG_CHAIN_ID, TEEREG_KEY_FILE, TEEREG_KMS, TEEREG_APP, TEEREG_KMS_URL), so that what is
# typed is what matters.  With SHOW=1 each command is shown before it runs, and its output after.

SHOW=${SHOW:-0}
BOLD='' PLAIN=''
[ ! -t 1 ] || BOLD=$'\e[1m' PLAIN=$'\e[0m'
OUT= # standard output of the last command of `run`

# field NAME: its value in the output of the last command ("  name   value").
field() {
    local name value
    while read -r name value; do
        if [ "$name" = "$1" ]; then
            printf '%s\n' "$value"
            return
        fi
    done <<<"$OUT"
    fail "no '$1' in this output: $OUT"
}

# run COMMAND...: a command of ours that must succeed.
run() {
    [ "$SHOW" = 0 ] || shown "$@"
    OUT=$("$@" 2>"$WORK/log/stderr") || {
        cat "$WORK/log/stderr" >&2
        fail "this failed: $*"
    }
    [ "$SHOW" = 0 ] || { printf '%s' "${OUT:+$OUT$'\n'}" && cat "$WORK/log/stderr"; } | tell_output
}

# shown COMMAND...: as one would type it, without the work folder and with names for addresses.
shown() {
    local word line=
    for word in "$@"; do
        case $word in
        *[\ \"\']* | '') line+=" '$word'" ;;
        *) line+=" $word" ;;
        esac
    done
    line=${line//"$WORK/"/}
    line=${line//"${TEEREG_KMS:-none}"/"\$TEEREG_KMS"}
    line=${line//"${TEEREG_APP:-none}"/"\$TEEREG_APP"}
    printf '  %s$%s%s\n' "$BOLD" "$line" "$PLAIN"
}

# start_shown NAME COMMAND...: in the background, and shown so.
start_shown() {
    [ "$SHOW" = 0 ] || shown "${@:2}" "&"
    start "$@"
}

# Long values are cut in the middle, the work folder is left out.
tell_output() { sed -E "s|$WORK/||g;"' s/\b((0x)?[0-9a-f]{10})[0-9a-f]{20,}([0-9a-f]{6})\b/\1...\3/g; s/^/    /'; }

# A chain of its own: ten blocks a second, final two blocks later.
system_chain() {
    start chain "$ROOT/contracts/anvil" --port 0 --chain-id 31337 --slots-in-an-epoch 1 \
        --block-time "${1:-0.1}" --no-cors "${CHAIN_OPTIONS[@]}"
    TEEREG_RPC=http://$(wait_line chain '^Listening on ' | sed 's/^Listening on //; s/,.*//')
    TEEREG_CHAIN_ID=31337
    TEEREG_KEY_FILE=$WORK/owner.key
    # The first of the keys that anvil gives money to, the same everywhere.
    (umask 077 && echo ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80 \
        >"$TEEREG_KEY_FILE")
    TEEREG_FINAL=1 # each change counts before the next command runs
    TEEREG_JOURNAL=$WORK/journal
    export TEEREG_RPC TEEREG_CHAIN_ID TEEREG_KEY_FILE TEEREG_FINAL TEEREG_JOURNAL
}

system_contracts() {
    run teereg gov deploy kms
    TEEREG_KMS=$(field contract)
    run teereg gov deploy app
    TEEREG_APP=$(field contract)
    export TEEREG_KMS TEEREG_APP
    run teereg gov app allow
}

CHAIN_OPTIONS=() # more of anvil, for tests
declare -A PLATFORM=() # URL of each simulated platform

# What the simulated vendor says about its platforms, in the folder that every command looks into.
system_collateral() {
    export TEEREG_COLLATERAL_DIR=$WORK/collateral
    [ ! -f "$TEEREG_COLLATERAL_DIR/simulated.json" ] || return 0
    mkdir -p "$TEEREG_COLLATERAL_DIR"
    run teereg-sim collateral --out "$TEEREG_COLLATERAL_DIR/simulated.json"
}

# system_platform NAME IMAGE [OPTION OF teereg-sim serve...]: a machine that runs IMAGE, whose
# measurements are in $WORK/NAME.json (made here unless they are there).
system_platform() {
    local name=$1 image=$2
    shift 2
    [ -f "$WORK/$name.json" ] ||
        run teereg-sim measurements --image "$image" --out "$WORK/$name.json"
    system_collateral
    start_shown "platform-$name" teereg-sim serve --listen 127.0.0.1:0 --platform "$name" \
        --measurements "$WORK/$name.json" "$@"
    PLATFORM[$name]=$(wait_line "platform-$name" ' at http://' | sed -E 's/.* at (http[^ ]*[0-9]):.*/\1/')
}

# More options of a KMS's security configuration, the same for its hash and for its service; what it
# always has (the contract, the chain, its node) stands in the environment.
KMS_SECURITY=()

# All of them written out, for who starts a KMS of his own.
kms_options() {
    # shellcheck disable=SC2034  # for who calls it
    KMS_OPTIONS=(--kms "$TEEREG_KMS" --rpc "$TEEREG_RPC" --chain-id "$TEEREG_CHAIN_ID"
        "${KMS_SECURITY[@]}")
}

# The image of the KMS on its platform, with the hash of its configuration, as governance allows it.
system_kms_allow() {
    run teereg kms config-hash "${KMS_SECURITY[@]}"
    CONFIG_HASH=$(field config_hash)
    run teereg gov allow --contract "$TEEREG_KMS" --measurements "$WORK/kms.json" \
        --config-hash "$CONFIG_HASH"
}

KMS_MORE=() # more options of `teereg kms serve`, for tests

# kms_command [OPTION...]: how a KMS on the platform "kms" is started; into KMS_COMMAND.
kms_command() {
    KMS_COMMAND=(teereg kms serve "${KMS_SECURITY[@]}" --attester "${PLATFORM[kms]}"
        --listen 127.0.0.1:0 --admin "$WORK/kms.sock" --audit "$WORK/audit.log"
        --root-key-file "$WORK/root.key" --slot-ms 100 "${KMS_MORE[@]}" "$@")
}

# In the foreground, for who expects it to end by itself.
kms_serve() {
    kms_command "$@"
    timeout 30 "${KMS_COMMAND[@]}"
}

system_kms_start() {
    [ -f "$WORK/root.key" ] || run teereg kms root-key --out "$WORK/root.key"
    kms_command
    start_shown kms "${KMS_COMMAND[@]}"
    TEEREG_KMS_URL=$(wait_line kms 'https://[^ ]+:[0-9]+' | sed -E 's|.*(https://[^ "]+:[0-9]+).*|\1|')
    export TEEREG_KMS_URL
}

# What makes it live: the root it holds is written down, once for ever.
system_kms_commit() { run teereg gov root commit; }

system_pki() { run teereg gov pki publish; }

# system_secret NAME FILE: sealed to the application and stored onchain; REFERENCE is what a template
# writes to have it.
system_secret() {
    run teereg secret seal "$2" --text --out "$WORK/$1.sealed"
    run teereg store put "$WORK/$1.sealed" --kind secret --store "onchain://$TEEREG_APP"
    REFERENCE=$(field reference)
}

# The template, and who may have what it resolves to: the image of measurements file $2.
system_config() {
    run teereg store put "$1" --kind config --store "onchain://$TEEREG_APP"
    TEMPLATE=$(field id)
    run teereg gov set-config --measurements "$2" --template "$TEMPLATE"
}

# What an application developer writes: one value that everybody may read, one that nobody may.
system_template() {
    cat >"$WORK/template.json" <<END
{
  "listen": "0.0.0.0:8080",
  "database": {
    "host": "db.internal",
    "user": "orders",
    "password": "$1"
  }
}
END
}

# provision PLATFORM [OPTION...]: an instance on that platform; its files go to $WORK/instance-PLATFORM.
provision() {
    local platform=$1
    shift
    run teereg instance provision --attester "${PLATFORM[$platform]}" \
        --out "$WORK/instance-$platform" "$@"
}

# The application, once the KMS has its root: its keys, a secret, a template and who may have them.
system_app() {
    system_pki
    run teereg gov backend add "onchain://$TEEREG_APP"
    (umask 077 && printf 'correct horse battery staple' >"$WORK/password.txt")
    system_secret password "$WORK/password.txt"
    system_template "$REFERENCE"
    system_config "$WORK/template.json" "$WORK/orders.json"
}

# All of it: afterwards the image "orders" on platform "orders" can be provisioned.
system_all() {
    system_chain "${1:-0.1}"
    system_platform kms teereg-kms
    system_platform orders orders
    system_contracts
    system_kms_allow
    system_kms_start
    system_kms_commit
    system_app
}
