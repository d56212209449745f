# shellcheck shell=bash
# Simulated TDX machines of Azure: a real TPM 2.0 in software (swtpm) behind `teereg-sim azure`.  To be
# sourced after lib.sh.
#
#   azure_machine NAME IMAGE [OPTION of teereg-sim azure...]
#           boots one; its measurements and certificates are in $WORK/azure-NAME.  Sets
#           AZURE_TPM[NAME] (for --tpm), AZURE_IMDS[NAME] (for --imds) and, for tpm2-tools,
#           TPM2TOOLS_TCTI.
#   azure_options NAME
#           what makes a command of ours take its quotes from that machine, into AZURE_OPTIONS.
declare -A AZURE_TPM=() AZURE_IMDS=()

azure_need() {
    local tool
    for tool in swtpm tpm2 openssl python3; do
        command -v "$tool" >/dev/null || fail "$tool is missing: ./dev setup installs it"
    done
}

azure_machine() {
    local name=$1 image=$2 d=$WORK/azure-$1 line i
    shift 2
    mkdir -p "$d/state"
    start "swtpm-$name" swtpm socket --tpm2 --tpmstate "dir=$d/state" --server "type=unixio,path=$d/tpm.sock" \
        --ctrl "type=unixio,path=$d/control.sock" --flags not-need-init,startup-clear
    for ((i = 0; i < 250; i++)); do
        [ ! -S "$d/tpm.sock" ] || [ ! -S "$d/control.sock" ] || break
        sleep 0.02
    done
    start "azure-$name" teereg-sim azure --tpm "$d/tpm.sock" --tpm-control "$d/control.sock" --image "$image" \
        --out "$d" "$@"
    line=$(wait_line "azure-$name" ' at http://')
    AZURE_TPM[$name]=$(grep -oE 'swtpm:[^ ]+' <<<"$line")
    AZURE_IMDS[$name]=$(grep -oE 'http://[^ ]*[0-9]' <<<"$line")
    export TPM2TOOLS_TCTI=${AZURE_TPM[$name]}
}

azure_options() {
    # shellcheck disable=SC2034  # for who calls it
    AZURE_OPTIONS=(--quotes-from azure-vtpm --tpm "${AZURE_TPM[$1]}" --imds "${AZURE_IMDS[$1]}"
        --ak-intermediates "$WORK/azure-$1/ak-intermediate.pem")
}
