#!/usr/bin/env python3
"""What three verifiers say about the same quotes: ours, dcap-qvl and go-tdx-guest.

    compare.py --teereg PROGRAM --phala PYTHON --gotdx PROGRAM [--long] [--jobs N] [--only REGEX] [--work FOLDER]

Fails on a difference that no rule of explained.py explains, on a rule that explains nothing any more, and when the
rules and docs/COMPAT.md are not the same list.  `--only` is for looking closer: it prints all three opinions."""
import argparse
import collections
import os
import re
import sys
import tempfile
import time

import corpus
import explained
import opinions

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))


def arguments():
    p = argparse.ArgumentParser()
    p.add_argument("--teereg", required=True)
    p.add_argument("--phala", required=True)
    p.add_argument("--gotdx", required=True)
    p.add_argument("--long", action="store_true")
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--only")
    p.add_argument("--work")
    return p.parse_args()


def ask(args, work, vectors, cases):
    """{who: opinions}, in the order of the cases."""
    found = {}
    for who, ask_them in {
        "teereg": lambda: opinions.ours(args.teereg, os.path.join(work, "inputs"), cases, args.jobs),
        "dcap-qvl": lambda: opinions.peer([args.phala, os.path.join(HERE, "phala.py"), "judge"],
                                          [c.line(c.root) for c in cases], os.path.join(work, "phala.log")),
        "go-tdx-guest": lambda: opinions.peer([args.gotdx, "judge"], [c.line(c.root or vectors.intel_root) for c in cases],
                                              os.path.join(work, "gotdx.log")),
    }.items():
        start = time.monotonic()
        found[who] = ask_them()
        print("%d cases by %s in %.1f s" % (len(cases), who, time.monotonic() - start), file=sys.stderr)
    return found


def against_expectations(cases, ours):
    """The cases whose answer is known beforehand: (agreeing, sentences about the others)."""
    good, bad = 0, []
    expected = {"given/" + c["name"]: c["expect"] for c in corpus.Vectors(corpus.FOLDER).cases}
    for case, opinion in zip(cases, ours):
        want = expected.get(case.name)
        if want is None:
            continue
        status = want.split(":")[1] if ":" in want else None
        if (str(opinion) == "accept " + status) if status else not opinion.accepted:
            good += 1
        else:
            bad.append("%s: found %s, expected %s" % (case.name, opinion, want))
    return good, bad


def main():
    args = arguments()
    with open(os.path.join(ROOT, "docs", "COMPAT.md"), encoding="utf-8") as f:
        documented = explained.documented(f.read())
    failures = []
    rules = [r.name for r in explained.RULES]
    if sorted(rules) != sorted(documented):
        failures.append("docs/COMPAT.md and tests/interop/explained.py differ in: " + ", ".join(sorted(set(rules) ^ set(documented))))

    vectors, cases = corpus.cases(corpus.FOLDER, args.long)
    if args.only:
        cases = [c for c in cases if re.search(args.only, c.name)]
    with tempfile.TemporaryDirectory() as scratch:
        found = ask(args, args.work or scratch, vectors, cases)
    ours = found.pop("teereg")
    agreed, different = 0, collections.Counter()
    for case, mine, *theirs in zip(cases, ours, *found.values()):
        if args.only:
            print(case.name, "| teereg:", mine, *("| %s: %s" % pair for pair in zip(found, theirs)))
        if mine.died:
            failures.append("%s: %s" % (case.name, mine))
        for who, their in zip(found, theirs):
            if mine.agrees(their):
                agreed += 1
                continue
            rule = explained.explanation(who, case, mine, their)
            if rule:
                different[rule.name] += 1
            else:
                failures.append("%s: teereg: %s; %s: %s" % (case.name, mine, who, str(their).replace("\n", " ")))
    known, wrong = against_expectations(cases, ours)
    failures += wrong
    if not args.only:
        failures += ["the rule %s explains nothing any more: take it out of explained.py and docs/COMPAT.md" % r.name
                     for r in explained.RULES if not r.fired]

    for name, count in different.most_common():
        print("%6d  %s" % (count, name))
    print("%d answers agree, %d differ for a known reason, %d cases have a known answer" % (agreed, sum(different.values()), known))
    for line in failures[:200]:
        print("not ok - " + line[:400])
    print("%d passed, %d failed" % (agreed + sum(different.values()) + known, len(failures)))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
