// The errand of tests/clients/test_strangers.py in the words of node-imap (package "imap").
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { promisify } = require('node:util');
const Imap = require('imap');

const given = JSON.parse(process.argv[2]);
const said = {};
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

function fetched(client, options) {
    return new Promise((resolve, reject) => {
        const found = [];
        const fetching = client.fetch('1:*', options);
        fetching.on('message', (message) => {
            const one = { octets: Buffer.alloc(0) };
            message.on('body', (stream) => stream.on('data', (part) => (one.octets = Buffer.concat([one.octets, part]))));
            message.on('attributes', (attributes) => (one.attributes = attributes));
            message.once('end', () => found.push(one));
        });
        fetching.once('error', reject);
        fetching.once('end', () => resolve(found.sort((a, b) => a.attributes.uid - b.attributes.uid)));
    });
}

function flatten(boxes, before = '') {
    return Object.entries(boxes).flatMap(([name, box]) => [
        before + name, ...flatten(box.children || {}, before + name + box.delimiter),
    ]);
}

async function errand(client) {
    const call = (name, ...given) => promisify(client[name].bind(client))(...given);
    said.mailboxes = flatten(await call('getBoxes')).sort();
    await call('addBox', given.made);
    await call('subscribeBox', given.made);
    await call('delBox', 'Old');
    await call('append', Buffer.from(given.letter), { mailbox: given.made, flags: ['\\Seen'], date: new Date(0) });
    await call('openBox', 'INBOX', false);
    const messages = await fetched(client, { bodies: '', struct: true, size: true, envelope: true });
    said.subjects = messages.map((one) => Imap.parseHeader(one.octets.toString()).subject[0]);
    said.digests = messages.map((one) => createHash('sha256').update(one.octets).digest('hex'));
    said.found = await call('search', [['BODY', 'rare needle']]);
    await call('addFlags', 1, ['\\Flagged', '\\Seen']);
    await call('addKeywords', 2, ['$Work']);
    await call('copy', 2, 'Archive');
    await call('move', 3, given.made);
    await call('addFlags', 4, '\\Deleted');
    await call('expunge', [4]);
    said.status = (await call('status', given.made)).messages.total;
    said.left = (await fetched(client, {})).map((one) => one.attributes.uid);
    const arrived = new Promise((resolve) => client.once('mail', (count) => resolve(count + said.left.length)));
    setTimeout(() => say({ ready: true }), 200); // it idles by itself when it has nothing to do
    said.arrived = await arrived;
    await call('closeBox', true);
}

const client = new Imap({
    host: given.host, port: given.port, user: given.user, password: given.password, tls: true, keepalive: true,
    tlsOptions: { ca: readFileSync(given.certificate), servername: given.host },
});
client.once('error', (error) => {
    console.error(error);
    process.exit(1);
});
client.once('ready', () => errand(client).then(() => {
    say(said);
    client.end();
}, (error) => client.emit('error', error)));
client.connect();
