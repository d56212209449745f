#!/usr/bin/env python3
"""Makes a software TPM look like one on a TDX machine of Azure, and plays the machine's metadata service.

    azure_paravisor.py --tpm DATA_SOCKET --control CONTROL_SOCKET --modulus FILE --platform URL

Stands between a client and swtpm: a write of user data (NV 0x01400002) makes it put a HCL report with them
and the key of FILE (hex of the AK's RSA modulus; read when it is needed) into NV 0x01400001, not at once but
before the second time that somebody reads that index from its beginning.  What URL (teereg-sim serve)
answers for the report data of a TDREPORT is the metadata service's quote; the first part of the path that
is asked for may say what goes wrong: /busy, /refuses, /empty, /other, /padded, /nonsense.
Prints `listening tpm PORT imds PORT`; the control channel is on the next port, as clients expect it."""
import argparse
import base64
import hashlib
import http.server
import json
import socket
import struct
import threading
import urllib.request

HCL_REPORT, USER_DATA, OWNER = 0x01400001, 0x01400002, 0x40000001
NV_WRITE, NV_READ = 0x137, 0x14E
CHUNK = 1024


def b64url(b):
    return base64.urlsafe_b64encode(b).rstrip(b"=").decode()


def tdreport(report_data):
    r = bytearray(1024)
    r[0] = 0x81
    r[128:192] = report_data
    return bytes(r)


def hcl_report(modulus, user_data):
    keys = [{"kid": "HCLAkPub", "key_ops": ["sign"], "kty": "RSA", "e": "AQAB", "n": b64url(modulus)}]
    variable = json.dumps(
        {"keys": keys, "vm-configuration": {"secure-boot": True, "tpm-enabled": True},
         "user-data": user_data.hex().upper()}, separators=(",", ":")).encode()
    report_data = hashlib.sha256(variable).digest() + bytes(32)
    head = struct.pack("<4sIIII12x", b"HCLA", 2, 1216 + 20 + len(variable), 2, 0)
    area = tdreport(report_data).ljust(1184, b"\0")
    return head + area + struct.pack("<IIIII", 20 + len(variable), 1, 4, 1, len(variable)) + variable


def read_exactly(s, n):
    data = b""
    while len(data) < n:
        more = s.recv(n - len(data))
        if not more:
            return None
        data += more
    return data


def read_message(s):
    head = read_exactly(s, 10)
    if head is None:
        return None
    size = struct.unpack(">I", head[2:6])[0]
    rest = read_exactly(s, size - 10)
    return None if rest is None else head + rest


class Paravisor:
    def __init__(self, args):
        self.args = args
        self.pending = None
        self.looks = 0
        self.lock = threading.Lock()

    def ask(self, tpm, message):
        tpm.sendall(message)
        return read_message(tpm)

    def write_report(self, tpm):
        with open(self.args.modulus) as f:
            report = hcl_report(bytes.fromhex(f.read().strip()), self.pending)
        auth = struct.pack(">IIHBH", 9, 0x40000009, 0, 0, 0)
        size = self.args.report_size
        report = report.ljust(size, b"\0")
        assert len(report) == size, "the HCL report does not fit: %d bytes" % len(report)
        for at in range(0, size, CHUNK):
            part = report[at:at + CHUNK]
            body = struct.pack(">II", OWNER, HCL_REPORT) + auth + struct.pack(">H", len(part)) + part
            body += struct.pack(">H", at)
            answer = self.ask(tpm, struct.pack(">HII", 0x8002, 10 + len(body), NV_WRITE) + body)
            assert answer[6:10] == bytes(4), "write of the HCL report: %s" % answer[6:10].hex()
        self.pending = None

    def serve(self, client):
        tpm = socket.socket(socket.AF_UNIX)
        tpm.connect(self.args.tpm)
        while (m := read_message(client)) is not None:
            code = struct.unpack(">I", m[6:10])[0]
            index = struct.unpack(">I", m[14:18])[0] if code in (NV_WRITE, NV_READ) else None
            if code == NV_READ and index == HCL_REPORT and m[-2:] == b"\0\0" and self.pending:
                self.looks += 1
                if self.looks == 2:
                    self.write_report(tpm)
            answer = self.ask(tpm, m)
            if code == NV_WRITE and index == USER_DATA and answer[6:10] == bytes(4):
                auth_size = struct.unpack(">I", m[18:22])[0]
                at = 22 + auth_size
                n = struct.unpack(">H", m[at:at + 2])[0]
                self.pending, self.looks = m[at + 2:at + 2 + n].ljust(64, b"\0"), 0
            client.sendall(answer)
        tpm.close()
        client.close()

    def serve_control(self, client):
        tpm = socket.socket(socket.AF_UNIX)
        tpm.connect(self.args.control)

        def pump(a, b):
            while data := a.recv(4096):
                b.sendall(data)
            try:
                b.shutdown(socket.SHUT_WR)
            except OSError:
                pass

        back = threading.Thread(target=pump, args=(tpm, client), daemon=True)
        back.start()
        pump(client, tpm)
        back.join(5)
        tpm.close()
        client.close()


def accept_for_ever(listener, serve):
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client,), daemon=True).start()


def listen_pair():
    while True:
        a, b = socket.socket(), socket.socket()
        a.bind(("127.0.0.1", 0))
        try:
            b.bind(("127.0.0.1", a.getsockname()[1] + 1))
        except (OSError, OverflowError):
            a.close()
            b.close()
            continue
        a.listen()
        b.listen()
        return a, b


def imds(platform):
    busy = [0]

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def answer(self, status, text):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            mode = self.path.rsplit("/acc/tdquote", 1)[0].strip("/")
            if not self.path.endswith("/acc/tdquote") or self.headers.get("Metadata") != "true":
                return self.answer(404, "{}")
            if mode == "refuses":
                return self.answer(400, '{"error":"Bad request"}')
            if mode == "empty":
                return self.answer(200, '{"quote":""}')
            if mode == "nonsense":
                return self.answer(200, '{"quote":')
            busy[0] += mode == "busy"
            if busy[0] % 3 and mode == "busy":
                return self.answer(429, "{}")
            text = json.loads(body)["report"]
            report = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
            assert len(report) == 1024 and report[0] == 0x81
            report_data = bytes(64) if mode == "other" else report[128:192]
            with urllib.request.urlopen("%s/attest/%s" % (platform, report_data.hex())) as r:
                quote = b64url(r.read())
            if mode == "padded":
                quote += "=" * (-len(quote) % 4)
            self.answer(200, json.dumps({"quote": quote}))

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--tpm", required=True)
    p.add_argument("--control", required=True)
    p.add_argument("--modulus", required=True)
    p.add_argument("--platform", required=True)
    p.add_argument("--report-size", type=int, default=2048)  # swtpm has no larger NV index
    args = p.parse_args()
    paravisor = Paravisor(args)
    data, control = listen_pair()
    threading.Thread(target=accept_for_ever, args=(control, paravisor.serve_control), daemon=True).start()
    print("listening tpm %d imds %d" % (data.getsockname()[1], imds(args.platform)), flush=True)
    accept_for_ever(data, paravisor.serve)


main()
