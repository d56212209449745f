#!/bin/bash
# The product's binary has what the build asks for.  Looks at the binary of TEEREG_BUILD.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"
binary=${TEEREG_BUILD:-build}/teereg

has() { grep -qE -- "$2" <<<"$1" || finding "$3"; }
dynamic=$(readelf -dW "$binary")
segments=$(readelf -lW "$binary")
symbols=$(readelf --dyn-syms -W "$binary")

has "$(readelf -hW "$binary")" 'Type: +DYN' "not a position-independent executable"
has "$dynamic" 'FLAGS_1.*NOW' "symbols are bound lazily: no -z now"
has "$segments" 'GNU_RELRO' "no RELRO"
has "$segments" 'GNU_STACK .* RW ' "the stack is executable"
has "$symbols" '__stack_chk_fail' "no stack protector"
has "$symbols" '__[a-z]+_chk@' "no _FORTIFY_SOURCE"
# The linker marks a program for CET only when the C library's start files are marked, which those of
# Debian 12 are not; our own functions must have their landing pads all the same.
if [ "$(uname -m)" = x86_64 ]; then
    [ "$(objdump -d --no-show-raw-insn "$binary" | grep -c endbr64)" -gt 20 ] ||
        finding "functions do not begin with endbr64: no -fcf-protection"
fi
! grep -qE 'R(UN)?PATH' <<<"$dynamic" || finding "the binary has a run path"
finish
