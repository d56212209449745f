#!/usr/bin/env python3
"""Makes tests/vectors/identity-v2.json: identities and principals of scheme 2 (docs/WIRE.md, "Identity and
principal"), with a Keccak-256 of its own, so that neither the C code nor the contracts had a hand in it.

    tests/vectors/tools/identity_v2.py > tests/vectors/identity-v2.json
"""
import hashlib
import json

MASK64 = (1 << 64) - 1


def keccak_f(a):
    rotations = {}
    x, y = 1, 0
    for t in range(24):
        rotations[x, y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    rotations[0, 0] = 0
    lfsr = 1
    for _ in range(24):
        c = [a[x, 0] ^ a[x, 1] ^ a[x, 2] ^ a[x, 3] ^ a[x, 4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rotl(c[(x + 1) % 5], 1) for x in range(5)]
        b = {}
        for (x, y), lane in a.items():
            b[y, (2 * x + 3 * y) % 5] = rotl(lane ^ d[x], rotations[x, y])
        for (x, y) in a:
            a[x, y] = b[x, y] ^ (~b[(x + 1) % 5, y] & MASK64 & b[(x + 2) % 5, y])
        for j in range(7):
            if lfsr & 1:
                a[0, 0] ^= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)


def rotl(v, n):
    return (v << n | v >> (64 - n)) & MASK64 if n else v


def keccak256(data):
    rate = 136
    padded = bytearray(data + b'\x01')
    padded += bytes(-len(padded) % rate)
    padded[-1] |= 0x80
    a = {(x, y): 0 for x in range(5) for y in range(5)}
    for block in range(0, len(padded), rate):
        for i in range(rate // 8):
            a[i % 5, i // 5] ^= int.from_bytes(padded[block + 8 * i:block + 8 * i + 8], 'little')
        keccak_f(a)
    return b''.join(a[i % 5, i // 5].to_bytes(8, 'little') for i in range(4))


assert keccak256(b'').hex() == 'c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470'


def filler(label, length):
    """Bytes that differ everywhere and that anybody can make again."""
    return hashlib.shake_128(b'teereg identity-v2 ' + label.encode()).digest(length)


def tdx(name, chain_id, contract, td, rtmr3_flag):
    preimage = (keccak256(b'teereg/tdx/2') + chain_id.to_bytes(32, 'big') + contract
                + td['td_attributes'] + td['xfam'] + td['mrtd'] + td['mrconfigid'] + td['mrowner']
                + td['mrownerconfig'] + b''.join(td['rtmr'][:3])
                + (td['rtmr'][3] if rtmr3_flag else bytes(48)))
    assert len(preimage) == 32 + 32 + 20 + 16 + 8 * 48
    return {'name': name, 'chain_id': str(chain_id), 'contract': contract, 'rtmr3_flag': rtmr3_flag,
            **td, 'identity': keccak256(preimage)}


def azure(name, chain_id, contract, td, mask, pcrs):
    preimage = (keccak256(b'teereg/azure-tdx/2') + chain_id.to_bytes(32, 'big') + contract
                + td['td_attributes'] + td['xfam'] + td['mrtd'] + mask.to_bytes(4, 'big')
                + b''.join(pcrs[i] for i in range(24) if mask >> i & 1))
    return {'name': name, 'chain_id': str(chain_id), 'contract': contract, 'mask': mask,
            'td_attributes': td['td_attributes'], 'xfam': td['xfam'], 'mrtd': td['mrtd'],
            'pcrs': pcrs, 'identity': keccak256(preimage)}


def principal(identity, config_hash):
    return {'identity': identity, 'config_hash': config_hash,
            'principal': keccak256(keccak256(b'teereg/principal/2') + identity + config_hash)}


def machine(label, **changes):
    td = {'td_attributes': bytes.fromhex('0000001000000000'), 'xfam': bytes.fromhex('e702060000000000'),
          'mrtd': filler(label + ' mrtd', 48), 'mrconfigid': bytes(48), 'mrowner': bytes(48),
          'mrownerconfig': bytes(48), 'rtmr': [filler(f'{label} rtmr{i}', 48) for i in range(4)]}
    return {**td, **changes}


def hexed(value):
    if isinstance(value, bytes):
        return '0x' + value.hex()
    if isinstance(value, list):
        return [hexed(v) for v in value]
    if isinstance(value, dict):
        return {k: hexed(v) for k, v in value.items()}
    return value


def main():
    anvil = 31337
    here = filler('contract', 20)
    a = machine('a')
    every = machine('b', td_attributes=filler('attributes', 8), xfam=filler('xfam', 8),
                    mrconfigid=filler('mrconfigid', 48), mrowner=filler('mrowner', 48),
                    mrownerconfig=filler('mrownerconfig', 48))
    zeros = {'td_attributes': bytes(8), 'xfam': bytes(8), 'mrtd': bytes(48), 'mrconfigid': bytes(48),
             'mrowner': bytes(48), 'mrownerconfig': bytes(48), 'rtmr': [bytes(48)] * 4}
    other_3 = {**a, 'rtmr': a['rtmr'][:3] + [filler('another rtmr3', 48)]}
    pcrs = [filler(f'pcr{i}', 32) for i in range(24)]
    cases = [
        tdx('RTMR3 is not in it by default', anvil, here, a, False),
        tdx('another RTMR3 changes nothing then', anvil, here, other_3, False),
        tdx('RTMR3 is in it where the contract says so', anvil, here, a, True),
        tdx('another RTMR3 is another identity then', anvil, here, other_3, True),
        tdx('every register filled', anvil, here, every, True),
        tdx('the same machine on another chain', 1, here, a, False),
        tdx('the largest chain id', MASK64, here, a, False),
        tdx('the same machine asked about at another contract', anvil, filler('other contract', 20), a,
            False),
        tdx('all registers zero', anvil, here, zeros, True),
    ]
    assert cases[0]['identity'] == cases[1]['identity']
    assert len({c['identity'] for c in cases}) == len(cases) - 1
    vtpm = [
        azure('PCRs 4, 9 and 11', anvil, here, every, 1 << 4 | 1 << 9 | 1 << 11, pcrs),
        azure('the lowest PCR alone', anvil, here, every, 1, pcrs),
        azure('the highest PCR alone', anvil, here, every, 1 << 23, pcrs),
        azure('all PCRs', anvil, here, every, (1 << 24) - 1, pcrs),
        azure('another chain', 1, here, every, 1 << 4 | 1 << 9 | 1 << 11, pcrs),
    ]
    config = hashlib.sha256(b'a configuration').digest()
    pairs = [principal(cases[0]['identity'], config), principal(cases[0]['identity'], bytes(32)),
             principal(vtpm[0]['identity'], config)]
    print(json.dumps(hexed({
        '_about': 'Identities and principals of scheme 2; made by tests/vectors/tools/identity_v2.py. '
                  'The contract answers them at its address, on its chain.',
        'tdx': cases, 'azure': vtpm, 'principal': pairs}), indent=1))


if __name__ == '__main__':
    main()
