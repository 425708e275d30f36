"""The errand of tests/clients/test_strangers.py in the words of imap-tools."""

import hashlib
import json
import ssl
import sys
from typing import Any

from imap_tools import AND, MailBox  # type: ignore[import-not-found]

given = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile=given["certificate"])
said: dict[str, Any] = {}
connected = MailBox(given["host"], given["port"], timeout=30, ssl_context=context)
with connected.login(given["user"], given["password"]) as box:
    said["mailboxes"] = sorted(one.name for one in box.folder.list())
    box.folder.create(given["made"])
    box.folder.subscribe(given["made"], True)
    box.folder.delete("Old")
    box.append(given["letter"].encode(), given["made"], flag_set=["\\Seen"])
    said["status"] = box.folder.status(given["made"])["MESSAGES"]
    messages = sorted(box.fetch(mark_seen=False, bulk=True), key=lambda one: int(one.uid))
    said["subjects"] = [one.subject for one in messages]
    octets = [box.client.uid("FETCH", one.uid, "(BODY.PEEK[])")[1][0][1] for one in messages]
    said["digests"] = [hashlib.sha256(one).hexdigest() for one in octets]
    said["found"] = [int(uid) for uid in box.uids(AND(body="rare needle"))]
    box.flag("1", ["\\Flagged", "\\Seen"], True)
    box.flag("2", ["$Work"], True)
    box.copy("2", "Archive")
    box.move("3", given["made"])
    box.delete("4")
    said["left"] = [int(uid) for uid in box.uids()]
    with box.idle as idle:
        print(json.dumps({"ready": True}), flush=True)
        while not (news := [line for line in idle.poll(timeout=20) if b"EXISTS" in line]):
            pass
    said["arrived"] = int(news[0].split()[1])
print(json.dumps(said))
