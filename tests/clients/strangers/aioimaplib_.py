"""The errand of tests/clients/test_strangers.py in the words of aioimaplib, which spells nothing for its callers."""

import asyncio
import hashlib
import json
import re
import ssl
import sys
from email import message_from_bytes
from typing import Any

import aioimaplib  # type: ignore[import-not-found]

given = json.loads(sys.argv[1])
said: dict[str, Any] = {}


async def ok(answer: Any) -> list[Any]:
    """The lines of a command that must succeed."""
    response = await answer
    assert response.result == "OK", response
    return list(response.lines)


def listed(lines: list[bytes]) -> list[str]:
    """The names of LIST, not decoded."""
    return sorted(line.rpartition(b' "/" ')[2].decode().strip('"') for line in lines if b' "/" ' in line)


async def inbox(client: Any) -> None:
    """What is done with the messages."""
    await ok(client.select())
    lines = await ok(client.uid("fetch", "1:*", "(UID RFC822.SIZE BODY.PEEK[])"))
    octets = [bytes(line) for line in lines if isinstance(line, bytearray)]
    said["subjects"] = [str(message_from_bytes(one)["Subject"]) for one in octets]
    said["digests"] = [hashlib.sha256(one).hexdigest() for one in octets]
    said["found"] = [int(uid) for uid in (await ok(client.uid_search('BODY "rare needle"')))[0].split()]
    await ok(client.uid("store", "1", "+FLAGS.SILENT", r"(\Flagged \Seen)"))
    await ok(client.uid("store", "2", "+FLAGS", "($Work)"))
    await ok(client.uid("copy", "2", "Archive"))
    await ok(client.uid("move", "3", given["spelled"]))
    await ok(client.uid("store", "4", "+FLAGS", r"(\Deleted)"))
    await ok(client.expunge())
    lines = await ok(client.uid("fetch", "1:*", "(FLAGS)"))
    said["left"] = [int(found[1]) for line in lines if (found := re.search(rb"UID (\d+)", line))]
    idle = await client.idle_start(timeout=30)
    print(json.dumps({"ready": True}), flush=True)
    while b" EXISTS" not in (news := b" ".join(b" " + line for line in await client.wait_server_push())):
        pass
    said["arrived"] = int(news.split(b" EXISTS")[0].split()[-1])
    client.idle_done()
    await asyncio.wait_for(idle, 20)


async def main() -> None:
    """The errand."""
    context = ssl.create_default_context(cafile=given["certificate"])
    client = aioimaplib.IMAP4_SSL(given["host"], given["port"], ssl_context=context, timeout=30)
    await client.wait_hello_from_server()
    await ok(client.login(given["user"], given["password"]))
    said["mailboxes"] = listed(await ok(client.list('""', "*")))
    await ok(client.create(given["spelled"]))
    await ok(client.subscribe(given["spelled"]))
    await ok(client.delete("Old"))
    await ok(client.append(given["letter"].encode(), given["spelled"], r"\Seen"))
    await inbox(client)
    await client.logout()
    print(json.dumps(said))


asyncio.run(main())
