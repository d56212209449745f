'use strict';
// What `check` asks of the artifacts alone; prints `ok WHAT` or `FAIL WHAT`, one line each.
const fs = require('fs');
const path = require('path');

const here = process.argv[2];
const read = (p) => fs.readFileSync(path.join(here, p), 'utf8');
const artifacts = {
    KMS: JSON.parse(read('artifacts/KMS.json')),
    Registry: JSON.parse(read('artifacts/Registry.json')),
};

function check(what, problems) {
    for (const p of problems.slice(0, 5)) console.error(`      ${p}`);
    console.log(problems.length === 0 ? 'ok' : 'FAIL', what);
}

const typeOf = (p) =>
    p.type.startsWith('tuple') ? `(${typesOf(p.components)})` + p.type.slice(5) : p.type;
const typesOf = (ps) => ps.map(typeOf).join(',');
const signature = (x) => `${x.name}(${typesOf(x.inputs)})`;
// "(bytes ca, bytes pubkey) pki" -> "(bytes,bytes)"
const bare = (text) =>
    text.replace(/ indexed/g, '').replace(/([\w\])]) \w+(?=[,)]|$)/g, '$1').replace(/, /g, ',');

// The reference's functions: name, arguments, types of the answer, selector.
{
    const reference = JSON.parse(read('../tests/vectors/eth/registry/abi_calls.json'));
    const problems = [];
    for (const f of reference) {
        const returns = bare((/ returns \((.*)\)$/.exec(f.full) || ['', ''])[1] + ',').slice(0, -1);
        for (const name of f.contracts) {
            const ours = artifacts[name].abi.find((x) => x.type === 'function' && signature(x) === f.signature);
            if (!ours) problems.push(`${name} has no ${f.signature}`);
            else if (typesOf(ours.outputs) !== returns) {
                problems.push(`${name}.${f.signature}: found (${typesOf(ours.outputs)}), expected (${returns})`);
            }
            const selector = artifacts[name].methodIdentifiers[f.signature];
            if ('0x' + selector !== f.selector) problems.push(`${f.signature}: ${selector} is not ${f.selector}`);
        }
    }
    if (reference.length < 49) problems.push(`found ${reference.length} functions of the reference, expected 49`);
    check('the ABI holds every function of the reference, with its types', problems);
}

// Its events, with what is indexed.
{
    const reference = JSON.parse(read('../tests/vectors/eth/registry/events.json'));
    const problems = [];
    const all = [...artifacts.KMS.abi, ...artifacts.Registry.abi].filter((x) => x.type === 'event');
    for (const e of reference) {
        const expected = bare(e.signature.replace(/^event /, ''));
        const indexed = (e.signature.match(/ indexed /g) || []).length;
        const ours = all.find((x) => signature(x) === expected);
        if (!ours) problems.push(`no event ${expected}`);
        else if (ours.inputs.filter((i) => i.indexed).length !== indexed) problems.push(`${expected}: indexed`);
    }
    if (reference.length < 10) problems.push(`found ${reference.length} events of the reference, expected 11`);
    check('and every event', problems);
}

// LAYOUT.md against the compiler: slots by number and name, structs by bits.
{
    const page = read('LAYOUT.md');
    const problems = [];
    const seen = { KMS: new Set(), Registry: new Set() };
    const sections = page.split(/^## /m);
    const rows = (title) => [...(sections.find((s) => s.startsWith(title)) || '')
        .matchAll(/^\| ([\d, ]+) \| (\w+) \|/gm)].map((m) => [parseInt(m[1], 10), m[2]]);
    const both = rows('Both contracts');
    const expected = {
        KMS: [...both, ...rows('The KMS contract')],
        Registry: [...both, ...rows('The Registry contract')],
    };
    for (const [name, a] of Object.entries(artifacts)) {
        for (const [slot, label] of expected[name]) {
            const found = a.storageLayout.slots.find((s) => s.label === '_' + label);
            if (!found || found.slot !== slot || found.offset !== 0) {
                problems.push(`${name}: ${label} is not at slot ${slot}`);
            }
            seen[name].add('_' + label);
        }
        for (const s of a.storageLayout.slots) {
            if (!seen[name].has(s.label) && s.label !== '_reserved') {
                problems.push(`${name}: LAYOUT.md does not name ${s.label} (slot ${s.slot})`);
            }
        }
    }
    check('LAYOUT.md names each slot as the compiler lays it out', problems);
}
{
    const problems = [];
    const expected = {
        'struct Policy': 'state 0-7 policyId 8-23 activeFrom 24-87 notAfter 88-151 version 152-183',
        'struct Head': 'scheme 0-7 rtmr3 8-15 principal 16-23 operatorRequired 24-31 paused 32-39 ' +
            'pcrMask 40-71 epoch 72-135 delay 136-167 version 168-231 layoutId 232-247',
        'struct Pending': 'rtmr3 0-7 principal 8-15 operatorRequired 16-23 paused 24-31 pcrMask 32-63 ' +
            'delay 64-95 from 96-159',
        'struct Successor': 'account 0-159 from 160-223',
        'struct Registrar': 'account 0-159 until 160-223',
        'struct Onboarding': 'body 0-159 expiry 160-223 closed 224-231',
    };
    const page = read('LAYOUT.md').replace(/\n/g, ' ');
    for (const [name, bits] of Object.entries(expected)) {
        const members = artifacts.KMS.storageLayout.structs[name] || [];
        const found = members.map((m) => {
            if (m.slot !== 0) problems.push(`${name}.${m.label} is not in the first word`);
            return `${m.label} ${8 * m.offset}-${8 * (m.offset + m.bytes) - 1}`;
        }).join(' ');
        if (found !== bits) problems.push(`${name}: found ${found}, expected ${bits}`);
        for (const range of bits.match(/\d+-\d+/g)) {
            if (!page.includes(range.replace('-', '–'))) problems.push(`LAYOUT.md does not say ${range}`);
        }
    }
    check('and each bit of the words', problems);
}

// The code hash is pinned, so nothing may make two deployments differ.
{
    const problems = [];
    for (const [name, a] of Object.entries(artifacts)) {
        const n = (a.deployedBytecode.length - 2) / 2;
        if (n > 24576) problems.push(`${name}: found ${n} bytes of code, expected at most 24576`);
        if (a.deployedBytecode.includes(Buffer.from('dsolc').toString('hex'))) problems.push(`${name}: metadata`);
    }
    check('the code fits a contract and carries no metadata', problems);
}
