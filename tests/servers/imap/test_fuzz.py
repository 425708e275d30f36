"""Whatever is sent, the server answers, finds no bug in itself and goes on serving."""

import random

import pytest

from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import connect
from tests.stores import deliver, letter
from tests.talks.world import MESSAGES

ENCODINGS = (MESSAGES / "encodings.eml").read_bytes()
_TEXT = r"""
FETCH STORE SEARCH COPY MOVE UID EXPUNGE LIST LSUB STATUS SELECT EXAMINE CREATE DELETE RENAME SUBSCRIBE
NOOP ENABLE 1 2:3 1:* * 0 9 4294967295 $ INBOX Work Work/a Sent a//b "" "&" &- % *% (FLAGS) (UID BODY[])
BODY.PEEK[1.2.3.MIME] BODY[HEADER.FIELDS (X)]<0.1> BODY[TEXT]<9.9> ENVELOPE BODYSTRUCTURE MODSEQ EMAILID
ALL FULL +FLAGS -FLAGS.SILENT FLAGS (\Seen) (\Deleted x) (UNCHANGEDSINCE 1) (CHANGEDSINCE 1) (MESSAGES
RECENT SIZE) RETURN (MIN MAX) (COUNT) OR NOT SEEN RECENT SUBJECT TEXT Hello BODY x HEADER From "" UNSEEN
KEYWORD y BEFORE 1-Jan-2026 SENTON SINCE LARGER 3 YOUNGER 5 THREADID T1 CHARSET UTF-8 (SUBSCRIBED)
(SPECIAL-USE RECURSIVEMATCH) (CONDSTORE) (USE (\Sent)) GETMETADATA SETMETADATA (/private/comment "x") /shared/comment
(/private/specialuse NIL) "\\Sent" (DEPTH infinity) (MAXSIZE 1) (METADATA (/private/comment)) GETQUOTAROOT GETQUOTA
SETQUOTA (STORAGE 1) METADATA NOTIFY CLOSE UNSELECT CHECK NAMESPACE ID NIL CAPABILITY
"""
_WORDS = tuple(_TEXT.split())
_LIKELY = (
    "FETCH {set} {item}", "UID FETCH {set} {item}", "STORE {set} {word} (\\Seen x)", "SEARCH {word} {word} {word}",
    "UID SEARCH {set} {word}", "SEARCH NOT {word} {word}", "COPY {set} {box}", "MOVE {set} {box}", "SELECT {box}",
    "STATUS {box} {word}", "LIST {word} {word}", "CREATE {box}", "DELETE {box}", "RENAME {box} {box}", "EXPUNGE",
    "SETMETADATA {box} (/private/comment {word})", "SETMETADATA {box} (/private/specialuse {word})",
    "GETMETADATA {word} {box} {word}", "LIST \"\" {box} RETURN {word}", "GETQUOTAROOT {box}", "SUBSCRIBE {box}",
    "FETCH {set} {item} (CHANGEDSINCE {set})", "STORE {set} (UNCHANGEDSINCE {set}) +FLAGS (\\Deleted)",
)  # fmt: skip
_STREAMED = (
    "APPEND {box} (\\Seen {word}) {1+}\r\nx", "APPEND {box} ~{9+}\r\nX: y\r\n\r\n\0",
    "APPEND {box} ~{3+}\r\n\0\0\0 {1+}\r\nx",
    "APPEND {box} UTF8 (~{1+}\r\nx)", "APPEND {box} CATENATE (URL {url} TEXT {1+}\r\nx URL {url})",
    "APPEND {box} CATENATE (TEXT {0+}\r\n UTF8 (~{1+}\r\nx) URL {url}) {word} CATENATE (URL {url})",
    "REPLACE {set} {box} {1+}\r\nx", "UID REPLACE {set} {box} {word} ~{2+}\r\n\0x",
    "UID REPLACE {set} {box} CATENATE (URL {url} {word})", "APPEND {box} {1+}\r\nx{word}{word}",
    "APPEND {box} {0+}\r\n",
)  # fmt: skip
_URLS = (
    '";UID=1"', '"/INBOX/;UID=5/;SECTION=1"', '"/INBOX;UIDVALIDITY=1/;UID=1"', '";UID=*"', '";UID=5/;SECTION=2.MIME"',
    '"/Work/;UID=1/;SECTION=HEADER.FIELDS%20(X)"', '";UID=5/;SECTION=4.1/;PARTIAL=0.3"', '""', '"/"', '"%"',
    '";UID=1]"',
)  # fmt: skip
_SETS = ("1", "2:3", "1:*", "*", "*:1", "1,3", "3:1", "99", "2:99")
_ITEMS = (
    "FLAGS", "ALL", "(UID BODY.PEEK[])", "BODY[1.MIME]", "(BODY[HEADER] ENVELOPE)", "(MODSEQ THREADID)", "RFC822",
    "BINARY.PEEK[1]", "(BINARY[2]<0.3> BINARY.SIZE[5])", "BINARY.SIZE[4.1]", "(PREVIEW (LAZY) SAVEDATE)", "BINARY[]",
)  # fmt: skip
_BOXES = ("INBOX", "Work", "Work/a", "Sent", '"a b"', "nowhere", "Work/a/b", '"Sent Items"', "Spam/x")


def _command(dice: random.Random) -> str:
    if dice.random() < 0.3:
        return " ".join(dice.choice(_WORDS) for _ in range(dice.randint(1, 6)))
    filled = dice.choice(_STREAMED if dice.random() < 0.3 else _LIKELY)
    for name, choices in (
        ("{set}", _SETS), ("{item}", _ITEMS), ("{box}", _BOXES), ("{word}", _WORDS), ("{url}", _URLS)
    ):  # fmt: skip
        while name in filled:
            filled = filled.replace(name, dice.choice(choices), 1)
    return filled


@pytest.mark.parametrize("seed", range(4))
async def test_no_command_finds_a_bug(house: House, seed: int) -> None:
    dice = random.Random(seed)
    account = await house.account()
    for number in range(4):
        await deliver(house.store, account.account_id, letter(f"Hello {number}"))
    await deliver(house.store, account.account_id, ENCODINGS)
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    for _ in range(400):
        command = _command(dice)
        try:
            _, tagged = await client.command(command, b"x", b"x", b"x")
        except ConnectionError:
            tagged = b""
        assert b"SERVERBUG" not in tagged, command
        if not tagged or dice.random() < 0.05:
            client.close()
            client = await connect(house.port["imap"])
            await client.ok(f"LOGIN {account.login} {PASSWORD}")
            await client.ok("SELECT INBOX")
    client.close()
