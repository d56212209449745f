#!/bin/bash
# SR-10: the product holds no simulated root, no trusted chain view, no root key from a file, and no flag
# for any of them.  Looks at the binary of TEEREG_BUILD.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
binary=${TEEREG_BUILD:-build}/teereg

copy=$(mktemp)
trap 'rm -f "$copy"' EXIT
strip -o "$copy" "$binary" || exit 1
findings_of "development-only, and in the product" < <(strings -a "$copy" |
    grep -iE 'root-key-(file|fd)|root_key_(file|fd)|simulated|teereg-sim|swtpm|dev[-_ ]roots|(^|[^a-z_])trusted([^a-z_]|$)')
offered=$(
    "$binary" kms serve --help
    "$binary" instance provision --help
) || exit 1
for flag in --root-key-file --root-key-fd --attester --slot-ms --tpm --imds; do
    ! grep -q -- "$flag\b" <<<"$offered" || finding "the product's help offers $flag"
done
grep -q -- '--tsm-report\b' <<<"$offered" || finding "the product's help does not list its flags"
finish
