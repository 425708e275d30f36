"""The errand of tests/clients/test_strangers.py in the words of imaplib2, which reads and writes in threads."""

import hashlib
import json
import re
import sys
import time
from email import message_from_bytes
from typing import Any

import imaplib2  # type: ignore[import-not-found]

given = json.loads(sys.argv[1])
said: dict[str, Any] = {}


def ok(answer: tuple[str, list[Any]]) -> list[Any]:
    """The data of a command that must succeed."""
    assert answer[0] == "OK", answer
    return answer[1]


client = imaplib2.IMAP4_SSL(given["host"], given["port"], ca_certs=given["certificate"], timeout=30)
ok(client.login(given["user"], given["password"]))
said["mailboxes"] = sorted(line.rpartition(b' "/" ')[2].decode().strip('"') for line in ok(client.list()))
ok(client.create(given["spelled"]))
ok(client.subscribe(given["spelled"]))
ok(client.delete("Old"))
ok(client.append(given["spelled"], "(\\Seen)", None, given["letter"].encode()))
ok(client.select())
octets = [
    part[1] for part in ok(client.uid("FETCH", "1:*", "(UID RFC822.SIZE BODY.PEEK[])")) if isinstance(part, tuple)
]
said["subjects"] = [str(message_from_bytes(one)["Subject"]) for one in octets]
said["digests"] = [hashlib.sha256(one).hexdigest() for one in octets]
said["found"] = [int(uid) for uid in ok(client.uid("SEARCH", "BODY", '"rare needle"'))[0].split()]
pending = [  # all at once: it has threads for that
    client.uid("STORE", "1", "+FLAGS.SILENT", r"(\Flagged \Seen)", callback=lambda _: None),
    client.uid("STORE", "2", "+FLAGS", "($Work)", callback=lambda _: None),
    client.uid("COPY", "2", "Archive", callback=lambda _: None),
    client.uid("STORE", "4", "+FLAGS.SILENT", r"(\Deleted)", callback=lambda _: None),
]
ok(client.uid("MOVE", "3", given["spelled"]))
ok(client.expunge())
lines = ok(client.uid("FETCH", "1:*", "(FLAGS)"))
said["left"] = [int(found[1]) for line in lines if (found := re.search(rb"UID (\d+)", line))]
client.recent()
client.idle(timeout=20, callback=lambda _: None)
print(json.dumps({"ready": True}), flush=True)
while not (news := client.response("EXISTS")[1]) or news == [None] or int(news[-1]) != len(said["left"]) + 1:
    time.sleep(0.05)
said["arrived"] = int(news[-1])
client.logout()
print(json.dumps(said))
