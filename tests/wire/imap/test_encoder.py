"""Answers, octet for octet."""

import pytest

from pillarbox.wire.imap import encoder, spelling
from pillarbox.wire.imap.dates import match_date_time, spell_date_time

ANSWERS = [
    (encoder.tagged(b"a1", "OK", "done"), b"a1 OK done\r\n"),
    (encoder.tagged(b"a1", "NO", "none", "TRYCREATE"), b"a1 NO [TRYCREATE] none\r\n"),
    (encoder.tagged(b"a1", "OK", "done", encoder.append_uid(7, [3])), b"a1 OK [APPENDUID 7 3] done\r\n"),
    (encoder.untagged("OK", "x", encoder.code("UIDNEXT", 5)), b"* OK [UIDNEXT 5] x\r\n"),
    (encoder.untagged("OK", "x", encoder.copy_uid(7, [1, 2, 9], [4, 5, 6])), b"* OK [COPYUID 7 1:2,9 4:6] x\r\n"),
    (
        encoder.untagged("OK", "x", encoder.permanent_flags(["\\Seen", "\\*"])),
        b"* OK [PERMANENTFLAGS (\\Seen \\*)] x\r\n",
    ),
    (encoder.tagged(b"a", "OK", "x", encoder.modified([7, 9])), b"a OK [MODIFIED 7,9] x\r\n"),
    (encoder.continuation(), b"+ OK\r\n"),
    (encoder.continuation(b""), b"+ \r\n"),
    (encoder.capability(["IMAP4rev1", "IDLE"]), b"* CAPABILITY IMAP4rev1 IDLE\r\n"),
    (encoder.enabled([]), b"* ENABLED\r\n"),
    (encoder.enabled(["CONDSTORE"]), b"* ENABLED CONDSTORE\r\n"),
    (encoder.exists(3), b"* 3 EXISTS\r\n"),
    (encoder.recent(0), b"* 0 RECENT\r\n"),
    (encoder.expunge(4), b"* 4 EXPUNGE\r\n"),
    (encoder.flags(["\\Seen", "$X"]), b"* FLAGS (\\Seen $X)\r\n"),
    (encoder.list_mailbox("", ["\\Noselect"]), b'* LIST (\\Noselect) "/" ""\r\n'),
    (encoder.list_mailbox("ö", [], verb="LSUB"), b'* LSUB () "/" "&APY-"\r\n'),
    (encoder.list_mailbox("ö", [], utf8=True), b'* LIST () "/" "\xc3\xb6"\r\n'),
    (
        encoder.list_mailbox('a"b', ["\\HasChildren"], child_info=["SUBSCRIBED"]),
        b'* LIST (\\HasChildren) "/" "a\\"b" ("CHILDINFO" ("SUBSCRIBED"))\r\n',
    ),
    (encoder.status("x", {"MESSAGES": 3, "MAILBOXID": b"(F1)"}), b'* STATUS "x" (MESSAGES 3 MAILBOXID (F1))\r\n'),
    (encoder.search([]), b"* SEARCH\r\n"),
    (encoder.search([], 5), b"* SEARCH\r\n"),
    (encoder.search([2, 3]), b"* SEARCH 2 3\r\n"),
    (encoder.search([2, 3], 917), b"* SEARCH 2 3 (MODSEQ 917)\r\n"),
    (encoder.esearch(b"A1", [], {"MIN", "ALL", "COUNT"}), b'* ESEARCH (TAG "A1") COUNT 0\r\n'),
    (
        encoder.esearch(b"A1", [2, 4, 5], {"MIN", "MAX", "ALL", "COUNT"}, uid=True, modseq=9),
        b'* ESEARCH (TAG "A1") UID MIN 2 MAX 5 ALL 2,4:5 COUNT 3 MODSEQ 9\r\n',
    ),
    (encoder.fetch(2, [b"UID 7", b"FLAGS (\\Seen)"]), b"* 2 FETCH (UID 7 FLAGS (\\Seen))\r\n"),
    (encoder.fetch(2, [encoder.body(b"BODY[]", b"a\r\n")]), b"* 2 FETCH (BODY[] {3}\r\na\r\n)\r\n"),
    (encoder.fetch(2, [encoder.body(b"BODY[9]", None)]), b"* 2 FETCH (BODY[9] NIL)\r\n"),
    (encoder.announce(b"BODY[]", 1) + b"x", b"BODY[] {1}\r\nx"),
    (encoder.body(b"BODY[]", b"a\0"), b"BODY[] {2}\r\na\x80"),
    (encoder.namespace([""]), b'* NAMESPACE (("" "/")) NIL NIL\r\n'),
    (
        encoder.namespace([""], ["Other/"], ["Shared/"]),
        b'* NAMESPACE (("" "/")) (("Other/" "/")) (("Shared/" "/"))\r\n',
    ),
    (encoder.identity({}), b"* ID NIL\r\n"),
    (encoder.identity({"name": "Pillarbox", "os": None}), b'* ID ("name" "Pillarbox" "os" NIL)\r\n'),
    (spelling.astring(b"abc]"), b"abc]"),
    (spelling.astring(b"nil"), b'"nil"'),
    (spelling.astring(b""), b'""'),
    (spelling.astring(b"a b"), b'"a b"'),
    (spelling.string(b'a"\\'), b'"a\\"\\\\"'),
    (spelling.string(b"a\r\nb"), b"{4}\r\na\r\nb"),
    (spelling.string("ö".encode()), b"{2}\r\n\xc3\xb6"),
    (spelling.string("ö".encode(), utf8=True), b'"\xc3\xb6"'),
    (spelling.string(b"\xff", utf8=True), b"{1}\r\n\xff"),
    (spelling.nstring(None), b"NIL"),
    (spell_date_time(837596665), b'"17-Jul-1996 09:44:25 +0000"'),
    (spell_date_time(0), b'" 1-Jan-1970 00:00:00 +0000"'),
    (spell_date_time(-1), b'"31-Dec-1969 23:59:59 +0000"'),
]


@pytest.mark.parametrize(("answer", "octets"), ANSWERS, ids=[repr(row[1])[2:50] for row in ANSWERS])
def test_answer(answer: bytes, octets: bytes) -> None:
    assert answer == octets


def test_date_time_is_read_as_it_is_spelled() -> None:
    for seconds in (0, 837596665, 1_700_000_000, -86_401):
        assert match_date_time(spell_date_time(seconds), 0)[0].timestamp() == seconds
