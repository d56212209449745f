#!/bin/bash
# SR-01, SR-02, SR-04: an instance on a simulated TDX machine of Azure, with a real TPM (in software), provisions
# end to end; what is wrong about such a machine is refused, and said by name.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/azure_lib.sh
. "$(dirname "$0")/azure_lib.sh"
azure_need
system_begin
system_all
azure_machine orders orders
out=$WORK/instance-azure
# instance MACHINE [OPTION...]: provision there.
instance() {
    azure_options "$1"
    teereg instance provision --out "$out" "${AZURE_OPTIONS[@]}" "${@:2}"
}
# mend: runs the command that the last refusal named.
mend() {
    local command
    command=$(sed -nE 's/.*to allow it: (teereg .*)/\1/p' "$WORK/said")
    [ -n "$command" ] || fail "no command that would allow it: $(cat "$WORK/said")"
    # shellcheck disable=SC2086  # a command line without quotes
    run $command
}

refused "without a mask of PCRs in the contract there is no Azure identity" 3 'needs some of PCRs 0 to 23' \
    instance orders
run teereg gov rules set --contract "$TEEREG_APP" --pcr-mask 2576 # PCR 4, 9, 11
run teereg gov set-config --measurements "$WORK/azure-orders/measurements.json" --template "$TEMPLATE"

refused "an allowed image under a paravisor that is not on the list is refused" 3 \
    "paravisor .*not allowed .*teereg gov allow --contract $TEEREG_KMS --paravisor [0-9a-f]{96}" instance orders
logged "the KMS's log says so" kms 'paravisor-not-allowed'
[ ! -e "$out" ] || fail "files of a refused instance"
mend
says "the command that the refusal names lets the instance have its configuration" '^identity ' \
    instance orders
grep -q '"password": "correct horse battery staple"' "$out/config" || fail "$(cat "$out/config")"
ok "with the secret in it"
openssl verify -CAfile "$out/cacert.pem" "$out/cert.pem" >"$WORK/said" 2>&1 || fail "$(cat "$WORK/said")"
ok "and a certificate of the application's CA"
[ "$(releases)" = 1 ] || fail "found $(releases) releases in the audit log, expected 1"
ok "the release is on record"

# ---- what a release would say of its evidence ----

# shown MACHINE NAME [INTERMEDIATES]: what it shows of itself, into $WORK/NAME.
shown() {
    run "$BUILD/tests/integration/azure_quote" "${AZURE_TPM[$1]}" "${AZURE_IMDS[$1]}" \
        "${3:-$WORK/azure-$1/ak-intermediate.pem}" "$(printf 'a5%.0s' {1..64})" "$WORK/$2"
}
shown orders evidence
says "explain judges such evidence as the KMS does" '^\+ evidence +passed' teereg explain --evidence "$WORK/evidence"
grep -qE '^\+ paravisor +passed' "$WORK/said" && grep -qE '^\+ policies +passed' "$WORK/said" ||
    fail "not judged to the end: $(cat "$WORK/said")"
shown orders alone -
refused "and finds what is wrong with it" 3 'X evidence +failed: .*AK_INTERMEDIATE_MISSING' \
    teereg explain --evidence "$WORK/alone"

# ---- another image ----

azure_machine changed orders --change pcr11 --change pcr3
refused "a changed PCR of the mask is named, with found and expected" 3 'pcr11 differs.*found.*expected' \
    instance changed
! grep -q 'pcr3' "$WORK/said" || fail "a PCR that does not count is told: $(cat "$WORK/said")"
ok "one outside the mask is not"
logged "the KMS's log says that no such image is allowed" kms 'identity-not-allowed'
mend
says "the command that the refusal names allows that image" '^identity ' instance changed
azure_machine uncounted orders --change pcr3
says "a PCR outside the mask may be as it likes" '^identity ' instance uncounted

# ---- the key of the vTPM ----

azure_options orders
refused "without the certificate above the vTPM's key the evidence is refused" 3 'KMS' \
    teereg instance provision --out "$out" "${AZURE_OPTIONS[@]::6}"
logged "by name" kms 'AK_INTERMEDIATE_MISSING'

# wrong FAULT NAME: the KMS refuses a machine that is wrong in this way, for that reason.
wrong() {
    azure_machine "$1" orders --fault "$1"
    refused "$1: refused by the KMS" 3 'KMS' instance "$1"
    logged "$1: for its own reason" kms "quote-invalid.*$2"
    stop "azure-$1"
    stop "swtpm-$1"
}
wrong ak-root-unknown 'AK_INTERMEDIATE_MISSING: [^"]*"[^"]*CN=Simulated Virtual TPM Root'
wrong ak-sig AK_CHAIN
wrong ak-expired AK_EXPIRED
wrong ak-key AK_KEY
wrong hcl-ak-other TPM_SIG
wrong hcl-hash HCL_BINDING
wrong azure-rtmr RTMR_NOT_ZERO

# What an honest machine sees by itself, before it asks for anything.
azure_machine snp orders --fault hcl-snp
refused "the report of another kind of machine is not even sent" 1 'HCL_TYPE' instance snp
azure_machine stale orders --fault tpm-stale
refused "nor is a quote that a vTPM gave before" 1 'a quote over another nonce' instance stale

# ---- the list of paravisors ----

azure_machine other orders --paravisor other
refused "another paravisor is not on the list" 3 'paravisor .*not allowed' instance other
mrtd=$(sed -nE 's/.*"mrtd": "([0-9a-f]+)".*/\1/p' "$WORK/azure-orders/measurements.json")
run teereg gov revoke --contract "$TEEREG_KMS" --paravisor "$mrtd"
refused "one that is taken back is refused at once" 3 'paravisor .*revoked' instance orders
finish
