#!/usr/bin/env python3
"""Makes tests/vectors/gov-words.json: words and slots of storage layout 2 (contracts/LAYOUT.md), by plain
arithmetic on the bit positions that page names.

    tests/vectors/tools/gov_words.py > tests/vectors/gov-words.json
"""
import json

from identity_v2 import keccak256

NOW = 1790000000
ADDRESS = 0x5fbdb2315678afecb367f032d93f642f64180aa3


def word(*fields):
    """(first bit, bits, value) each."""
    out = 0
    for first, bits, value in fields:
        assert 0 <= value < 1 << bits
        out |= value << first
    return f'{out:064x}'


def policy(state, policy_id, active_from, not_after, version):
    return {'state': state, 'policy_id': policy_id, 'active_from': active_from, 'not_after': not_after,
            'version': version,
            'word': word((0, 8, state), (8, 16, policy_id), (24, 64, active_from), (88, 64, not_after),
                         (152, 32, version))}


def head(scheme, rtmr3, principal, operator_required, paused, pcr_mask, epoch, delay, version, layout=2):
    return {'scheme': scheme, 'rtmr3': rtmr3, 'principal': principal, 'operator_required': operator_required,
            'paused': paused, 'pcr_mask': pcr_mask, 'epoch': epoch, 'delay': delay, 'version': version,
            'layout': layout,
            'word': word((0, 8, scheme), (8, 8, rtmr3), (16, 8, principal), (24, 8, operator_required),
                         (32, 8, paused), (40, 32, pcr_mask), (72, 64, epoch), (136, 32, delay),
                         (168, 64, version), (232, 16, layout))}


def entry(slot, key, offset):
    at = int.from_bytes(keccak256(key.to_bytes(32, 'big') + slot.to_bytes(32, 'big')), 'big') + offset
    return {'slot': slot, 'key': f'{key:064x}', 'offset': offset, 'at': f'{at % (1 << 256):064x}'}


def in_strings(value):
    """Numbers as decimal strings: not every JSON reader takes 64 bits."""
    if isinstance(value, dict):
        return {k: in_strings(v) for k, v in value.items()}
    if isinstance(value, list):
        return [in_strings(v) for v in value]
    return str(value)


print(json.dumps(in_strings({
    '_about': 'Words and slots of storage layout 2; made by tests/vectors/tools/gov_words.py.',
    'policy': [
        policy(0, 0, 0, 0, 0),
        policy(1, 0, NOW, 0, 1),
        policy(1, 0xabcd, NOW, NOW + 86400, 7),
        policy(2, 1, 0, 0, 2),
        policy(3, 0, 0, 0, 0xffffffff),
        policy(1, 0xffff, (1 << 64) - 1, (1 << 64) - 1, 0),
    ],
    'policy_invalid': {
        'a state that does not exist': word((0, 8, 4)),
        'the lowest bit over the version': word((0, 8, 1), (184, 1, 1)),
        'the highest bit': word((0, 8, 1), (255, 1, 1)),
    },
    'head': [
        head(2, 0, 1, 0, 0, 0, 0, 0, 1),
        head(2, 1, 0, 1, 0, 0x00820b, 3, 259200, 41),
        head(1, 0, 0, 0, 1, 0xffffff, (1 << 64) - 1, 0xffffffff, (1 << 64) - 1),
    ],
    'head_invalid': {
        'a flag of two': word((0, 8, 2), (8, 8, 2), (232, 16, 2)),
        'paused is two': word((0, 8, 2), (32, 8, 2), (232, 16, 2)),
        'PCR 24': word((0, 8, 2), (64, 1, 1), (232, 16, 2)),
        'the highest bit': word((0, 8, 2), (232, 16, 2), (255, 1, 1)),
    },
    'entry': [
        entry(12, 0x1234, 0),
        entry(13, ADDRESS, 0),
        entry(32, ADDRESS, 1),
        entry(32, ADDRESS, 2),
        entry(11, 0xffff, 2),
    ],
}), indent=1))
