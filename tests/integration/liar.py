#!/usr/bin/env python3
"""liar.py NODE_URL WAY_FILE: a proxy before an Ethereum node that lies as the file says, which is read at each
request; prints "at http://127.0.0.1:PORT".

    honest          passes on what the node says
    value           eth_getProof claims another value than its nodes show, eth_getStorageAt says another
    proof           a node of each proof is changed
    absent          each proof is cut after its first node, the value is said to be zero
    header          a state root that is not the block's, with the block's hash
    fork            blocks of its own: another time, hashed right, from the finalized one on
    old             the finalized block of long ago, and the newest as well
    frozen NUMBER   newest and finalized block stay at NUMBER
    chain           another chain id
    silent          takes requests and says nothing
    huge            64 MiB of answer
    slow            drips a byte a second
    garbage         no JSON
    error           every call fails
    body            eth_call answers something else
    log             the data of each event is changed
    nolog           there are no events
"""
import json
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

node, way_file = sys.argv[1], sys.argv[2]
FIELDS = ["parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom",
          "difficulty", "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce",
          "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot",
          "requestsHash"]
NUMBERS = {"difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "blobGasUsed",
           "excessBlobGas"}


# ---- Keccak-256 and RLP: a fork's headers have the hash that their fields have ----

def rotate(x, n):
    return ((x << n) | (x >> (64 - n))) & 0xffffffffffffffff


def permute(a):
    r = 1
    for _ in range(24):
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        d = [c[(x + 4) % 5] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
        a = [a[i] ^ d[i % 5] for i in range(25)]
        x, y, current = 1, 0, a[1]
        for t in range(24):
            x, y = y, (2 * x + 3 * y) % 5
            current, a[x + 5 * y] = a[x + 5 * y], rotate(current, (t + 1) * (t + 2) // 2 % 64)
        for y in range(0, 25, 5):
            row = a[y:y + 5]
            for x in range(5):
                a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5])
        for j in range(7):
            r = ((r << 1) ^ ((r >> 7) * 0x71)) % 256
            if r & 2:
                a[0] ^= 1 << ((1 << j) - 1)
    return a


def keccak256(data):
    data = bytearray(data) + b"\x01"
    data += bytes(-len(data) % 136)
    data[-1] |= 0x80
    state = [0] * 25
    for at in range(0, len(data), 136):
        for i in range(17):
            state[i] ^= int.from_bytes(data[at + 8 * i:at + 8 * i + 8], "little")
        state = permute(state)
    return b"".join(word.to_bytes(8, "little") for word in state[:4])


def rlp(item):
    if isinstance(item, list):
        body, base = b"".join(rlp(one) for one in item), 0xc0
    elif len(item) == 1 and item[0] < 0x80:
        return item
    else:
        body, base = item, 0x80
    if len(body) <= 55:
        return bytes([base + len(body)]) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(length)]) + length + body


def hash_of(block):
    items = []
    for name in FIELDS:
        if name in block:
            value = block[name][2:]
            if name in NUMBERS:
                value = "" if int(value, 16) == 0 else format(int(value, 16), "x")
            items.append(bytes.fromhex(value if len(value) % 2 == 0 else "0" + value))
    return "0x" + keccak256(rlp(items)).hex()


# ---- the lies ----

real = {}  # hash of a fork's block: the hash of the block it was made of
lock = threading.Lock()


def way():
    with open(way_file, encoding="ascii") as file:
        words = file.read().split()
    return words[0], [int(w) for w in words[1:]]


def ask(calls):
    request = urllib.request.Request(node, json.dumps(calls).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def fork(block):
    if not block or int(block["number"], 16) == 0:
        return block
    made = dict(block, extraData="0x" + b"another history".hex())
    made["hash"] = hash_of(made)
    with lock:
        real[made["hash"]] = block["hash"]
    return made


def change_digit(text):
    return text[:40] + ("1" if text[40] != "1" else "2") + text[41:]


def ask_for(call, how, numbers):
    """The question as it is passed on."""
    method, params = call["method"], call.get("params", [])
    if params and isinstance(params[-1], dict) and "blockHash" in params[-1]:
        with lock:
            params[-1]["blockHash"] = real.get(params[-1]["blockHash"], params[-1]["blockHash"])
    if method == "eth_getBlockByNumber" and how in ("old", "frozen") and params[0] in ("finalized", "latest"):
        params[0] = hex(numbers[0] if numbers else 1)
    return dict(call, params=params)


def lie(call, answer, how):
    method, result = call["method"], answer.get("result")
    if how == "error":
        return {"jsonrpc": "2.0", "id": call["id"], "error": {"code": -32000, "message": "missing trie node"}}
    if result is None:
        return answer
    if how == "chain" and method == "eth_chainId":
        answer["result"] = "0x1"
    elif how == "value" and method == "eth_getProof":
        for slot in result["storageProof"]:
            slot["value"] = hex(int(slot["value"], 16) ^ 1)
    elif how == "value" and method == "eth_getStorageAt":
        answer["result"] = result[:-1] + ("1" if result[-1] != "1" else "2")
    elif how == "proof" and method == "eth_getProof":
        result["accountProof"][-1] = change_digit(result["accountProof"][-1])
        for slot in result["storageProof"]:
            slot["proof"] = [change_digit(n) for n in slot["proof"]]
    elif how == "absent" and method == "eth_getProof":
        for slot in result["storageProof"]:
            slot["value"] = "0x0"
            slot["proof"] = slot["proof"][:1]
    elif how == "header" and method == "eth_getBlockByNumber":
        result["stateRoot"] = change_digit(result["stateRoot"])
    elif how == "fork" and method == "eth_getBlockByNumber":
        answer["result"] = fork(result)
    elif how == "body" and method == "eth_call":
        answer["result"] = "0x" + "00" * 31 + "20"
    elif how == "log" and method == "eth_getLogs":
        for event in result:
            event["data"] = event["data"][:200] + change_digit(event["data"][200:])
    elif how == "nolog" and method == "eth_getLogs":
        answer["result"] = []
    return answer


class Liar(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def send(self, text):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        how, numbers = way()
        if how == "silent":
            time.sleep(3600)
        elif how == "huge":
            self.send(b'{"jsonrpc":"2.0","id":1,"result":"0x' + b"0" * (64 << 20) + b'"}')
        elif how == "garbage":
            self.send(b"<html>502 Bad Gateway</html>")
        else:
            calls = body if isinstance(body, list) else [body]
            asked = [ask_for(call, how, numbers) for call in calls]
            by_id = {a["id"]: a for a in ask(asked)}
            answers = [lie(call, by_id[call["id"]], how) for call in calls]
            text = json.dumps(answers if isinstance(body, list) else answers[0]).encode()
            if how != "slow":
                self.send(text)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            for i in range(len(text)):
                self.wfile.write(text[i:i + 1])
                self.wfile.flush()
                time.sleep(1)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # who asked went away


server = Server(("127.0.0.1", 0), Liar)
print(f"at http://127.0.0.1:{server.server_address[1]}", flush=True)
server.serve_forever()
