# shellcheck shell=bash
# What the lints share: where the tree is, which files are ours, and how a finding is reported.
cd "${TEEREG_SRC:-$(dirname "$0")/../..}" || exit 1
LINT_DIR=tests/lint
findings=0

# All files of the tree that match the patterns, also new ones that git does not know yet.
tree() {
    git ls-files --cached --others --exclude-standard -- "$@" | sort -u | while read -r f; do
        if [ -f "$f" ]; then echo "$f"; fi
    done
}

finding() {
    echo "$*"
    findings=$((findings + 1))
}

# Every line of standard input is a finding; $1 says what is wrong with it.
findings_of() {
    local line
    while read -r line; do
        finding "$line  <- $1"
    done
}

# The code of C files, without comments and strings, as file:line:text.
code_of() {
    [ $# = 0 ] || python3 $LINT_DIR/code.py "$@"
}

finish() {
    [ $findings = 0 ] && exit 0
    echo "$findings findings"
    exit 1
}
