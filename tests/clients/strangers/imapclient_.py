"""The errand of tests/clients/test_strangers.py in the words of imapclient."""

import datetime
import hashlib
import json
import ssl
import sys
from typing import Any

from imapclient import IMAPClient  # type: ignore[import-not-found]

given = json.loads(sys.argv[1])
context = ssl.create_default_context(cafile=given["certificate"])
said: dict[str, Any] = {}
with IMAPClient(given["host"], port=given["port"], ssl_context=context, timeout=30) as client:
    client.login(given["user"], given["password"])
    said["capabilities"] = [name.decode() for name in client.capabilities()]
    client.id_({"name": "stranger"})
    said["mailboxes"] = sorted(name for _, _, name in client.list_folders())
    said["uses"] = {flag: client.find_special_folder(flag.encode()) for flag in ("\\Sent", "\\Trash", "\\Junk")}
    said["namespace"] = client.namespace().personal[0][0]
    client.create_folder(given["made"])
    client.subscribe_folder(given["made"])
    client.delete_folder("Old")
    client.append(given["made"], given["letter"].encode(), ["\\Seen"], datetime.datetime(2024, 1, 2, 3, 4, 5))
    said["status"] = client.folder_status(given["made"])[b"MESSAGES"]
    client.select_folder("INBOX")
    messages = client.fetch(
        client.search(), ["BODY.PEEK[]", "ENVELOPE", "BODYSTRUCTURE", "INTERNALDATE", "RFC822.SIZE", "FLAGS"]
    )
    uids = sorted(messages)
    said["subjects"] = [messages[uid][b"ENVELOPE"].subject.decode() for uid in uids]
    said["digests"] = [hashlib.sha256(messages[uid][b"BODY[]"]).hexdigest() for uid in uids]
    said["found"] = client.search(["BODY", "rare needle"])
    said["umlauts"] = client.search(["SUBJECT", "Grüße"], charset="UTF-8")
    if client.has_capability("SORT"):
        said["sorted"] = client.sort(["REVERSE ARRIVAL", "SUBJECT"])
    if client.has_capability("THREAD=REFERENCES"):
        said["threads"] = client.thread("REFERENCES")
    client.add_flags([1], ["\\Flagged", "\\Seen"])
    client.add_flags([2], ["$Work"])
    client.copy([2], "Archive")
    client.move([3], given["made"])
    client.delete_messages([4])
    client.expunge([4])
    said["left"] = client.search()
    if client.has_capability("QUOTA"):
        said["quota"] = [resource.resource for resource in client.get_quota()]
    if client.has_capability("ACL"):
        client.setacl("INBOX", given["user"], "lrswipkxtea")
        said["acl"] = client.getacl("INBOX") is not None
    client.idle()
    print(json.dumps({"ready": True}), flush=True)
    while not (news := [one for one in client.idle_check(timeout=20) if one[1] == b"EXISTS"]):
        pass
    client.idle_done()
    said["arrived"] = news[0][0]
    client.logout()
print(json.dumps(said))
