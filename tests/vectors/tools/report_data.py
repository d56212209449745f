#!/usr/bin/env python3
"""Makes tests/vectors/report-data/vectors.json: report data of version 2, the claim K of a KMS, and evidence as
JSON (docs/WIRE.md, "Report data" and "Evidence on the wire").

    tests/vectors/tools/report_data.py > tests/vectors/report-data/vectors.json
"""
import base64
import hashlib
import json

PURPOSES = ['kms-tls', 'kms-session', 'pki', 'ceremony', 'onboard-request', 'onboard-seed', 'secrets-request', 'explain']


def filler(label, length):
    """Bytes that differ everywhere and that anybody can make again."""
    return hashlib.shake_128(b'teereg report-data ' + label.encode()).digest(length)


def sha256(data):
    return hashlib.sha256(data).digest()


def report_data(purpose, chain_id, kms, app, spki, nonce, payload):
    name = purpose.encode()
    preimage = (b'teereg-report-v2\0' + bytes([len(name)]) + name + chain_id.to_bytes(8, 'big') + kms + app
                + sha256(spki) + nonce + sha256(payload))
    return sha256(preimage) + bytes(32)


def case(purpose, chain_id, kms, app, spki, nonce, payload):
    return {'purpose': purpose, 'chain_id': str(chain_id), 'kms': kms.hex(), 'app': app.hex(), 'spki': spki.hex(),
            'nonce': nonce.hex(), 'payload': payload.hex(),
            'report_data': report_data(purpose, chain_id, kms, app, spki, nonce, payload).hex()}


def claim(config_hash, block, block_hash, root_id, commitment):
    k = config_hash + block.to_bytes(8, 'big') + block_hash + root_id + commitment
    return {'config_hash': config_hash.hex(), 'block': str(block), 'block_hash': block_hash.hex(),
            'root_id': root_id.hex(), 'commitment': commitment.hex(), 'k': k.hex()}


def evidence(kind, quote, payload, log=b'', collateral=b''):
    members = {'type': kind, 'quote': quote, 'payload': payload}
    if log:
        members['event_log'] = log
    if collateral:
        members['collateral'] = collateral
    text = {k: v if isinstance(v, str) else base64.b64encode(v).decode() for k, v in members.items()}
    return {'type': kind, 'quote': quote.hex(), 'payload': payload.hex(), 'event_log': log.hex(),
            'collateral': collateral.hex(), 'json': json.dumps(text, separators=(',', ':'))}


def main():
    kms, app, spki = filler('kms', 20), filler('app', 20), filler('spki', 91)
    nonce = filler('nonce', 32)
    zero, nobody = bytes(32), bytes(20)
    cases = [case(p, 31337, kms, app, spki, nonce, filler(p + ' payload', 300)) for p in PURPOSES]
    cases += [
        case('kms-tls', 1, kms, nobody, spki, zero, b''),
        case('secrets-request', (1 << 64) - 1, kms, app, spki, nonce, b'\0'),
        case('explain', 0, nobody, nobody, b'', zero, b''),
    ]
    assert len({c['report_data'] for c in cases}) == len(cases)
    claims = [claim(filler('config', 32), 21_000_000, filler('block', 32), filler('root', 32), filler('commit', 32)),
              claim(filler('config', 32), (1 << 64) - 1, filler('block', 32), zero, zero)]
    objects = [evidence('tdx-dcap', filler('quote', 100), filler('payload', 10)),
               evidence('tdx-dcap', filler('quote', 99), b''),
               evidence('tdx-dcap', filler('quote', 98), filler('payload', 1), filler('log', 40), filler('coll', 41))]
    print(json.dumps({
        '_about': 'Report data of version 2, the claim K and evidence; made by tests/vectors/tools/report_data.py.',
        'report_data': cases, 'k': claims, 'evidence': objects}, indent=1))


if __name__ == '__main__':
    main()
