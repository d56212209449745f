# shellcheck shell=bash
# A TDX machine of Azure, out of swtpm, a paravisor and metadata service (azure_paravisor.py) and
# teereg-sim.  To be sourced after lib.sh.
#
#   azure_machine PLATFORM    a software TPM with the AK at 0x81000003 and its certificate (CA and
#                             intermediate are in $WORK/azure), behind a paravisor; PLATFORM is one of
#                             system_platform.  Sets AZURE_TPM (for --tpm) and AZURE_IMDS (for --imds),
#                             and TPM2TOOLS_TCTI for tpm2-tools.

azure_need() {
    local tool
    for tool in swtpm tpm2 openssl python3; do
        command -v "$tool" >/dev/null || fail "$tool is missing: ./dev setup installs it"
    done
}

# The certificates: a root, an intermediate of it, and the leaf with the AK's key.
azure_certificates() {
    local d=$WORK/azure
    openssl req -x509 -newkey rsa:2048 -nodes -keyout "$d/root.key" -out "$d/root.pem" -days 30 \
        -subj "/CN=Test vTPM Root" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout "$d/ca.key" -out "$d/ca.csr" \
        -subj "/CN=Test vTPM CA" 2>/dev/null
    openssl x509 -req -in "$d/ca.csr" -CA "$d/root.pem" -CAkey "$d/root.key" -days 30 \
        -extfile <(printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign') \
        -set_serial 2 -out "$d/ca.pem" 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout "$d/ignored.key" -out "$d/leaf.csr" \
        -subj "/CN=Test vTPM AK" 2>/dev/null
    openssl x509 -req -in "$d/leaf.csr" -force_pubkey "$d/ak.pem" -CA "$d/ca.pem" -CAkey "$d/ca.key" \
        -days 30 -set_serial 3 -out "$d/leaf.pem" 2>/dev/null
    openssl x509 -in "$d/leaf.pem" -outform DER -out "$d/leaf.der"
}

azure_machine() {
    local platform=$1 d=$WORK/azure line report_size=2048
    azure_need
    mkdir -p "$d/state"
    start swtpm swtpm socket --tpm2 --tpmstate "dir=$d/state" --server "type=unixio,path=$d/tpm.sock" \
        --ctrl "type=unixio,path=$d/control.sock" --flags not-need-init,startup-clear
    start paravisor python3 "$ROOT/tests/integration/azure_paravisor.py" --tpm "$d/tpm.sock" \
        --control "$d/control.sock" --modulus "$d/modulus" --platform "${PLATFORM[$platform]}" \
        --report-size $report_size
    line=$(wait_line paravisor '^listening')
    AZURE_TPM=swtpm:host=127.0.0.1,port=$(cut -d' ' -f3 <<<"$line")
    # shellcheck disable=SC2034  # for who calls it
    AZURE_IMDS=http://127.0.0.1:$(cut -d' ' -f5 <<<"$line")
    export AZURE_IMDS TPM2TOOLS_TCTI=$AZURE_TPM

    run tpm2_createprimary -Q -C e -g sha256 -G rsa2048:rsassa-sha256:null -c "$d/ak.ctx" \
        -a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|sign'
    run tpm2_evictcontrol -Q -C o -c "$d/ak.ctx" 0x81000003
    run tpm2_flushcontext -t
    run tpm2_readpublic -Q -c 0x81000003 -f pem -o "$d/ak.pem"
    openssl rsa -pubin -in "$d/ak.pem" -noout -modulus | cut -d= -f2 >"$d/modulus"
    azure_certificates
    # Padded with zeros, as on the real thing (there to 4096; an index of swtpm has 2048 at most).
    truncate -s 2048 "$d/leaf.der"
    azure_nv 0x01C101D0 "$d/leaf.der"
    # What a report of nobody looks like: user data of zeros.
    truncate -s $report_size "$d/no-report"
    azure_nv 0x01400001 "$d/no-report"
    azure_nv_user_data "$(printf '0%.0s' {1..128})"
}

# azure_nv INDEX FILE: a new index with that content.
azure_nv() {
    run tpm2_nvdefine -Q -C o -s "$(stat -c %s "$2")" -a 'ownerread|ownerwrite' "$1"
    run tpm2_nvwrite -Q -C o -i "$2" "$1"
}

# azure_nv_user_data HEX: as any process of the machine might write them, until the report shows them.
azure_nv_user_data() {
    printf '%s' "$1" | python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex(sys.stdin.read()))' \
        >"$WORK/azure/user-data"
    tpm2_getcap handles-nv-index | grep -q 0x1400002 ||
        run tpm2_nvdefine -Q -C o -s 64 -a 'ownerread|ownerwrite|authread|authwrite' 0x01400002
    run tpm2_nvwrite -Q -C o -i "$WORK/azure/user-data" 0x01400002
    tpm2_nvread -C o 0x01400001 >/dev/null 2>&1 || true
    run tpm2_nvread -C o -o "$WORK/azure/report" 0x01400001
}
