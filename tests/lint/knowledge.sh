#!/bin/bash
# What a room may not know (docs/ARCHITECTURE.md, last column), as patterns over its code.
# shellcheck source=tests/lint/lib.sh
. "$(dirname "$0")/lib.sh"

# never FILES PATTERN WHY: no code line of FILES (patterns of git ls-files, `!` in front excludes) matches.
never() {
    local files pattern=$2 why=$3 words
    read -ra words <<<"${1//!/:!}"
    mapfile -t files < <(tree "${words[@]}")
    findings_of "$why" < <(code_of "${files[@]}" | grep -P "^[^:]+:[0-9]+:.*($pattern)")
}
# Part of an identifier, alone or between underscores.
word() { echo "(^|[^A-Za-z0-9]|_)($1)([^A-Za-z0-9]|_|\$)"; }
subject='tdx|quotes?|attest|attestation|kms|governance|rtmr[0-3]?|mrtd|tcb|pck|dcap'

never 'src/base/*.[ch]' "$(word "$subject")" "base does not know our subject"
never 'src/crypto/*.[ch]' '#include <(sys/socket|sys/un|netdb|netinet/|arpa/|fcntl|sys/stat|dirent)' \
    "crypto knows no sockets and no files"
never 'src/crypto/*.[ch]' '#include "base/fs\.h"|\b(fopen|open|openat|socket|connect)\(' \
    "crypto knows no sockets and no files"
never 'src/net/*.[ch]' "$(word 'governance|gov|quotes?|tdx|rtmr[0-3]?|mrtd')" \
    "net carries evidence as opaque bytes and knows no governance"
never 'src/chain/*.[ch]' "$(word 'kms|principals?|identity|identities')" "chain knows no contract's meaning"
never 'src/attest/*.[ch]' "$(word 'operators?|permitted')" "attest does not know who may have what"
never 'src/gov/*.[ch]' '#include "crypto/(p256|ecies|hpke)\.h"' "gov knows no keys"
never 'src/store/*.[ch]' "$(word 'templates?')" "store does not know templates"
never 'src/kms/*.[ch]' '#include (<(sys/socket|sys/un|netdb|netinet/|arpa/|curl/|event2/|openssl/ssl)|"net/)' \
    "kms has no sockets"
never 'src/kms/*.[ch]' "$(word 'http')" "kms does not know HTTP"
never 'src/instance/*.[ch]' '#include "kms/(?!msg)' \
    "instance knows of kms only kms/msg"
never 'src/service/*.[ch]' '#include <getopt|\b(getopt|getopt_long|optarg)\b' "service does not know flags"

never 'src/*.[ch] sim/*.[ch] !src/base/json_tree.h' '#include <jansson' \
    "jansson.h belongs to base/json_tree.h"
never 'src/*.[ch] sim/*.[ch] !src/base/json*' '#include "base/json_tree' \
    "base/json_tree.h belongs to json.c and json_read.c"
never 'src/*.[ch] sim/*.[ch] !src/net/http_client.c' '#include <curl/' "curl belongs to net/http_client.c"
never 'src/*.[ch] sim/*.[ch] !src/net/*' '#include <event2/' "libevent belongs to net"
never 'src/*.[ch] !src/base/log.* !src/service/* !src/cli/*' '\blog_(debug|info|warn|error|write)\(' \
    "only service and cli log"
never 'src/*.[ch] !src/cli/*' '#include "sim/|simulated' "nothing outside sim knows that a root is simulated"
never 'src/*.[ch] sim/*.[ch]' '\bgoto\b' "cleanup is by scope, never by goto"
never 'src/*.c sim/*.c' '#undef (str|mem|s?printf|system|rand|atoi)' "a banned function is not freed again"
finish
