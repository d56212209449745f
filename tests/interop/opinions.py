"""The three opinions of tests/interop about a case, in one form: ("accept", STATUS) or ("reject", why)."""
import hashlib
import json
import os
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

# The verifier's exit codes, of which a peer's program has no like.
ACCEPTED, REJECTED = 0, 3


class Opinion:
    """`said` is our whole answer; `died`: the program did not end in an orderly way."""

    def __init__(self, accepted, detail, died=False, said=None):
        self.accepted, self.detail, self.died, self.said = accepted, detail, died, said or {}

    def __str__(self):
        return ("accept " if self.accepted else "panic " if self.died else "reject ") + self.detail

    def agrees(self, other):
        if self.died or other.died:
            return False
        return self.accepted == other.accepted and (not self.accepted or self.detail == other.detail)


def _file(folder, data, suffix):
    path = os.path.join(folder, hashlib.sha256(data).hexdigest()[:32] + suffix)
    if not os.path.exists(path):
        # Two threads may write the same: each its own file, and the last name stands.
        scratch = "%s.%d" % (path, threading.get_ident())
        with open(scratch, "wb") as f:
            f.write(data)
        os.replace(scratch, path)
    return path


def _ours(teereg, folder, case):
    command = [teereg, "evidence", "verify", "--type", "tdx-dcap", "--accept-status", "any", "--at", str(case.at), "--json",
               "--file", _file(folder, case.quote, ".bin"),
               "--collateral", _file(folder, json.dumps(case.bundle).encode(), ".json")]
    if case.root:
        command += ["--root", _file(folder, case.root, ".der")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode not in (ACCEPTED, REJECTED) and not done.stdout:
        # What cannot be read as an input at all is refused before there is a verdict.
        if done.returncode in (1, 2) and done.stderr:
            return Opinion(False, "INPUT: " + done.stderr.strip().splitlines()[0])
        return Opinion(False, "exit code %d: %s" % (done.returncode, done.stderr.strip()[:200]), died=True)
    said = json.loads(done.stdout)
    if (done.returncode == ACCEPTED) != (said["verdict"] == "accept"):
        return Opinion(False, "exit code %d with verdict %s" % (done.returncode, said["verdict"]), died=True)
    if said["verdict"] == "accept":
        return Opinion(True, said["status"], said=said)
    return Opinion(False, "%s: %s" % (said["error"]["code"], said["error"]["message"]), said=said)


def ours(teereg, folder, cases, jobs):
    os.makedirs(folder, exist_ok=True)
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda c: _ours(teereg, folder, c), cases))


def _peer_opinion(answer):
    # Nobody accepts a revoked platform; one peer answers with the status.
    if answer["verdict"] == "accept" and answer["status"] != "Revoked":
        return Opinion(True, answer["status"])
    return Opinion(False, answer.get("message") or "status " + answer["status"], answer.get("panic", False))


def peer(command, lines, log):
    """The answers of a peer's program, which is started again behind a case that ends it."""
    found = []
    while len(found) < len(lines):
        with open(log, "a", encoding="utf-8") as errors:
            done = subprocess.run(command, input="\n".join(lines[len(found):]) + "\n", stdout=subprocess.PIPE, stderr=errors,
                                  text=True, timeout=900, check=False)
        answers = done.stdout.splitlines()
        if done.returncode == 0 and len(answers) != len(lines) - len(found):
            raise RuntimeError("%s: %d answers to %d cases" % (command, len(answers), len(lines) - len(found)))
        found += [_peer_opinion(json.loads(a)) for a in answers]
        if done.returncode != 0:
            found.append(Opinion(False, "the process ended with %d" % done.returncode, died=True))
    return found[:len(lines)]
