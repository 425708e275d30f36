"""HEADER.FIELDS out of what is kept of headers, and out of the octets where that does not do: the client sees no
difference."""

import re

from pillarbox.store.port import Connection
from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import connect
from tests.stores import deliver

MESSAGES = (
    b"Received: x\r\nFrom: a@b.c\r\nTO: d@e.f,\r\n\tg@h.i\r\nSubject: one\r\nX-100%d: odd\r\n\r\nbody\r\n",
    b"From: a@b.c\r\nSubject: no body\r\n",
    b"Subject: bare\nFrom: j@k.l\n\nbody\n",
    b"Subject: NUL\0\r\nFrom: m@n.o\r\n\r\nbody\r\n",
    b"Subject: " + b"long " * 2000 + b"\r\nFrom: p@q.r\r\n\r\nbody\r\n",
    b"\r\nno header\r\n",
)
ITEMS = (
    "BODY.PEEK[HEADER.FIELDS (From To Subject)]",
    'BODY.PEEK[HEADER.FIELDS (SUBJECT "X-100%d")]',
    "BODY.PEEK[HEADER.FIELDS (Received)]<2.6>",
    "BODY.PEEK[HEADER.FIELDS (Subject)]<3.5> BODY.PEEK[HEADER.FIELDS (None)]",
    "FLAGS BODY.PEEK[HEADER.FIELDS.NOT (Subject)]",
    "ENVELOPE BODY.PEEK[HEADER.FIELDS (From)]",
)


async def test_kept_or_not_the_answers_are_the_same(house: House) -> None:
    account = await house.account()
    for message in MESSAGES:
        await deliver(house.store, account.account_id, message)
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    await client.ok("EXAMINE INBOX")

    async def answers() -> list[list[bytes]]:
        return [sorted(await client.ok(f"UID FETCH 1:* (UID {items})")) for items in ITEMS]

    kept = await answers()

    async def forget(connection: Connection) -> None:
        await connection.run("DELETE FROM listing WHERE account_id = $1", account.account_id)

    await house.store.database.write(forget)
    assert await answers() == kept
    literal = re.search(rb"\{(\d+)\}\r\n(.*)\)\Z", kept[0][0], re.DOTALL)
    assert literal is not None
    assert literal[2] == b"From: a@b.c\r\nTO: d@e.f,\r\n\tg@h.i\r\nSubject: one\r\n\r\n"
    assert int(literal[1]) == len(literal[2])
    found = await house.store.repair(account.account_id)
    assert {one.kind for one in found} == {"summary_renewed"}
    assert await answers() == kept
    client.close()


async def test_fields_asked_for_without_peek_make_messages_seen(house: House) -> None:
    account = await house.account()
    for message in MESSAGES[:2]:
        await deliver(house.store, account.account_id, message)
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    await client.ok("SELECT INBOX")
    await client.ok("STORE 2 +FLAGS.SILENT (\\Seen)")
    told = await client.ok("FETCH 1:2 BODY[HEADER.FIELDS (Subject)]")
    assert sorted(told) == [
        b"1 FETCH (FLAGS (\\Seen \\Recent) BODY[HEADER.FIELDS (Subject)] {16}\r\nSubject: one\r\n\r\n)",
        b"2 FETCH (BODY[HEADER.FIELDS (Subject)] {18}\r\nSubject: no body\r\n)",
    ]
    told = await client.ok("FETCH 1 (FLAGS BODY[HEADER.FIELDS (Received)])")
    assert told == [b"1 FETCH (FLAGS (\\Seen \\Recent) BODY[HEADER.FIELDS (Received)] {15}\r\nReceived: x\r\n\r\n)"]
    client.close()
