#!/usr/bin/env python3
"""proofs.py RPC FOLDER ROUNDS: puts random accounts and slots into a chain, and asks teereg whether what the
node proves of them is so; then changes what the node said, and asks again.

Every account and slot that is accepted must be what the node says by eth_getBalance and
eth_getStorageAt; every change of a digit must be refused with exit code 3.
"""
import json
import os
import random
import subprocess
import sys
import urllib.request

rpc, folder, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
seed = int(os.environ.get("TEEREG_PROOFS_SEED", random.randrange(1 << 32)))
print(f"seed {seed}")
dice = random.Random(seed)


def ask(*calls):
    body = json.dumps([{"jsonrpc": "2.0", "id": i, "method": m, "params": p}
                       for i, (m, p) in enumerate(calls)]).encode()
    request = urllib.request.Request(rpc, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        found = sorted(json.load(answer), key=lambda a: a["id"])
    for one in found:
        if "error" in one:
            sys.exit(f"the node says {one['error']}")
    return [one["result"] for one in found]


def word(n):
    return f"0x{n:064x}"


def verify(block, proof):
    for name, content in (("header", block), ("proof", proof)):
        with open(f"{folder}/{name}.json", "w", encoding="ascii") as file:
            file.write(content)
    done = subprocess.run(
        ["teereg", "chain", "verify-proof", "--header", f"{folder}/header.json", "--proof",
         f"{folder}/proof.json", "--json"], capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout, done.stderr


def populate():
    """A new account with some slots, some of them zero (which anvil keeps), and money for some."""
    address = f"0x{dice.getrandbits(160):040x}"
    slots = [dice.choice([dice.randrange(12), dice.getrandbits(256)]) for _ in range(dice.randrange(30))]
    calls = [("anvil_setStorageAt",
              [address, word(s), word(dice.getrandbits(dice.choice([1, 8, 256])))])
             for s in slots]
    if dice.random() < 0.7 or not slots:
        calls.append(("anvil_setBalance", [address, hex(dice.getrandbits(80))]))
    if dice.random() < 0.5:
        calls.append(("anvil_setCode", [address, "0x60" + "00" * dice.randrange(1, 40)]))
    ask(*calls)
    return address, slots


accounts, accepted, refused = [], 0, 0
for turn in range(rounds):
    accounts += [populate() for _ in range(dice.choice([1, 3, 10]))]
    ask(("anvil_mine", ["0x1"]))
    block = ask(("eth_getBlockByNumber", ["latest", dice.random() < 0.5]))[0]
    address, slots = dice.choice(accounts + [(f"0x{dice.getrandbits(160):040x}", [])])
    asked = [word(s) for s in dice.sample(slots, min(len(slots), 5))] + [word(dice.getrandbits(256))]
    at = {"blockHash": block["hash"]}
    proof = ask(("eth_getProof", [address, asked, at]))[0]
    told = ask(("eth_getBalance", [address, at]),
               *[("eth_getStorageAt", [address, s, at]) for s in asked])
    texts = [json.dumps(block), json.dumps(proof)]
    code, out, err = verify(*texts)
    if code != 0:
        sys.exit(f"turn {turn}: refused: {err}")
    found = json.loads(out)
    if (found["verdict"], found["block"]["hash"], found["account"]["balance"]) != ("accept", block["hash"], told[0]):
        sys.exit(f"turn {turn}: found {out}, the node says {told[0]}")
    if [s["value"] for s in found["slots"]] != told[1:] or [s["slot"] for s in found["slots"]] != asked:
        sys.exit(f"turn {turn}: found {out}, the node says {told[1:]}")
    accepted += 1

    # One digit of the proof, or of what the header's hash is made of.
    which = dice.randrange(2)
    if which == 0:
        field = dice.choice(["parentHash", "stateRoot", "logsBloom", "mixHash", "hash", "miner",
                             "receiptsRoot", "withdrawalsRoot", "parentBeaconBlockRoot"])
        value = block[field]
        i = dice.randrange(2, len(value))
        changed = dict(block, **{field: value[:i] + ("1" if value[i] != "1" else "2") + value[i + 1:]})
        texts[0] = json.dumps(changed)
    else:
        nodes = dice.choice([proof["accountProof"]] + [s["proof"] for s in proof["storageProof"] if s["proof"]])
        n = dice.randrange(len(nodes))
        i = dice.randrange(2, len(nodes[n]))
        nodes[n] = nodes[n][:i] + ("1" if nodes[n][i] != "1" else "2") + nodes[n][i + 1:]
        texts[1] = json.dumps(proof)
    code, out, err = verify(*texts)
    if code != 3 or '"reject"' not in out:
        sys.exit(f"turn {turn}: a changed digit was not refused: {code} {out} {err}")
    refused += 1
print(f"{accepted} accepted, {refused} refused")
