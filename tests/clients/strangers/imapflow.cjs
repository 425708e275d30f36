// The errand of tests/clients/test_strangers.py in the words of imapflow.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { ImapFlow } = require('imapflow');

const given = JSON.parse(process.argv[2]);
const said = {};
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

async function all(client, what) {
    const found = [];
    for await (const message of client.fetch('1:*', what, { uid: true })) {
        found.push(message);
    }
    return found.sort((a, b) => a.uid - b.uid);
}

async function inbox(client) {
    const lock = await client.getMailboxLock('INBOX');
    try {
        const messages = await all(client, {
            uid: true, flags: true, envelope: true, bodyStructure: true, size: true, internalDate: true, source: true,
            threadId: true, headers: ['message-id'],
        });
        said.subjects = messages.map((one) => one.envelope.subject);
        said.digests = messages.map((one) => createHash('sha256').update(one.source).digest('hex'));
        said.sizes = messages.map((one) => one.size === one.source.length);
        said.emails = new Set(messages.map((one) => one.emailId)).size;
        said.structures = messages.map((one) => one.bodyStructure.type);
        said.found = await client.search({ body: 'rare needle' }, { uid: true });
        await client.messageFlagsAdd('1', ['\\Flagged', '\\Seen'], { uid: true });
        await client.messageFlagsAdd('2', ['$Work'], { uid: true });
        const copied = await client.messageCopy('2', 'Archive', { uid: true });
        said.copied = [...copied.uidMap.entries()];
        const moved = await client.messageMove('3', given.made, { uid: true });
        said.moved = [...moved.uidMap.entries()];
        await client.messageDelete('4', { uid: true });
        const since = client.mailbox.highestModseq;
        await client.messageFlagsAdd('5', ['\\Answered'], { uid: true });
        const changed = [];
        for await (const one of client.fetch('1:*', { uid: true, flags: true }, { uid: true, changedSince: since })) {
            changed.push(one.uid);
        }
        said.changed = changed.includes(5);
        const { content } = await client.download('1', undefined, { uid: true });
        const parts = [];
        for await (const part of content) {
            parts.push(part);
        }
        said.downloaded = createHash('sha256').update(Buffer.concat(parts)).digest('hex');
        said.left = (await all(client, { uid: true })).map((one) => one.uid);
        const arrived = new Promise((resolve) => client.once('exists', (event) => resolve(event.count)));
        const idling = client.idle();
        say({ ready: true });
        said.arrived = await arrived;
        await client.noop();
        await idling;
    } finally {
        lock.release();
    }
}

async function main() {
    const client = new ImapFlow({
        host: given.host, port: given.port, secure: true, auth: { user: given.user, pass: given.password },
        tls: { ca: readFileSync(given.certificate) }, logger: false, qresync: true,
        clientInfo: { name: 'stranger', vendor: 'pillarbox' },
    });
    await client.connect();
    const listed = await client.list({ statusQuery: { messages: true, unseen: true } });
    said.mailboxes = listed.map((one) => one.path).sort();
    said.uses = Object.fromEntries(listed.filter((one) => one.specialUse).map((one) => [one.specialUse, one.path]));
    said.messages = listed.find((one) => one.path === 'INBOX').status.messages;
    await client.mailboxCreate(given.made);
    await client.mailboxSubscribe(given.made);
    await client.mailboxDelete('Old');
    const appended = await client.append(given.made, Buffer.from(given.letter), ['\\Seen'], new Date(0));
    said.appended = appended.uid;
    await inbox(client);
    const quota = await client.getQuota('INBOX');
    said.quota = Boolean(quota);
    said.capabilities = [...client.capabilities.keys()];
    said.enabled = [...client.enabled];
    said.compressed = Boolean(client._deflate);
    await client.logout();
    say(said);
}

main().catch((error) => {
    console.error(error);
    process.exit(1);
});
