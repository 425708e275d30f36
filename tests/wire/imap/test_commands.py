"""One table row per command form: the line, and the value it is or the reason it is refused."""

from datetime import date

import pytest

from pillarbox.core import limits
from pillarbox.wire.imap import search as keys
from pillarbox.wire.imap.commands import (
    Authenticate,
    Copy,
    Enable,
    Identity,
    Login,
    Mailbox,
    Nothing,
    Rename,
    Select,
    Store,
    UidExpunge,
)
from pillarbox.wire.imap.decoder import Decoder
from pillarbox.wire.imap.events import BadCommand, Command
from pillarbox.wire.imap.fetch import Attribute, BodyItem, Fetch, Section
from pillarbox.wire.imap.limits import Limits
from pillarbox.wire.imap.listing import List, Status
from pillarbox.wire.imap.search import HasFlag, Header, Moment, Not, Relation, Search
from pillarbox.wire.imap.sets import SAVED, STAR, SequenceSet


def read(line: bytes, utf8: bool = False) -> Command | BadCommand:
    decoder = Decoder(Limits())
    decoder.utf8 = utf8
    decoder.feed(b"t " + line + b"\r\n")
    event = decoder.next()
    assert isinstance(event, Command | BadCommand)
    assert event.tag == b"t"
    assert decoder.next() is None
    assert decoder.pending == 0
    return event


def numbers(*ranges: tuple[int, int]) -> SequenceSet:
    return SequenceSet(ranges)


ONE, REST = numbers((1, 1)), numbers((5, STAR))
SEEN = HasFlag("\\Seen")

RIGHT = [
    *(
        (verb.encode(), verb, Nothing())
        for verb in ["CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "CHECK", "CLOSE", "UNSELECT"]
    ),
    *((verb.lower().encode(), verb, Nothing()) for verb in ["EXPUNGE", "IDLE", "NAMESPACE"]),
    (b"NOOP ", "NOOP", Nothing()),
    (b"LOGIN you@demo.test demo", "LOGIN", Login("you@demo.test", "demo")),
    (b'LOGIN "a\\"b\\\\c" ""', "LOGIN", Login('a"b\\c', "")),
    (b"LOGIN {3+}\r\njoe {6+}\r\nse ret", "LOGIN", Login("joe", "se ret")),
    (b"LOGIN {0+}\r\n {0+}\r\n", "LOGIN", Login("", "")),
    (b'LOGIN "j\xc3\xb6" {2+}\r\n\xc3\xb6', "LOGIN", Login("jö", "ö")),
    (b"login a] b]", "LOGIN", Login("a]", "b]")),
    (b"AUTHENTICATE plain", "AUTHENTICATE", Authenticate("PLAIN")),
    (b"AUTHENTICATE PLAIN AGEAYg==", "AUTHENTICATE", Authenticate("PLAIN", b"\0a\0b")),
    (b"AUTHENTICATE EXTERNAL =", "AUTHENTICATE", Authenticate("EXTERNAL", b"")),
    (b"SELECT inBox", "SELECT", Select("INBOX")),
    (b'EXAMINE "a b" (condstore)', "EXAMINE", Select("a b", condstore=True)),
    (b"SELECT {5+}\r\na b/c", "SELECT", Select("a b/c")),
    (b"SELECT Entw&APw-rfe", "SELECT", Select("Entwürfe")),
    (b'SELECT "Entw\xc3\xbcrfe"', "SELECT", Select("Entwürfe")),
    (b"CREATE a/b/", "CREATE", Mailbox("a/b")),
    (b"CREATE Inbox/x", "CREATE", Mailbox("INBOX/x")),
    (b"CREATE Inboxes", "CREATE", Mailbox("Inboxes")),
    (b"CREATE Out (USE (\\Drafts \\Sent))", "CREATE", Mailbox("Out", ("\\Drafts", "\\Sent"))),
    (b"DELETE &-", "DELETE", Mailbox("&")),
    (b"SUBSCRIBE x", "SUBSCRIBE", Mailbox("x")),
    (b'UNSUBSCRIBE "x"', "UNSUBSCRIBE", Mailbox("x")),
    (b"RENAME a {1+}\r\nb", "RENAME", Rename("a", "b")),
    (b'LIST "" ""', "LIST", List("", ("",))),
    (b'LIST "" *', "LIST", List("", ("*",))),
    (b"LIST a/ %", "LIST", List("a/", ("a/%",))),
    (b'LIST "" inbox', "LIST", List("", ("INBOX",))),
    (b'LIST "" {1+}\r\n%', "LIST", List("", ("%",))),
    (b'LSUB "" "*"', "LSUB", List("", ("*",))),
    (
        b'LIST (SUBSCRIBED RECURSIVEMATCH) "" (a "b*") RETURN (CHILDREN STATUS (MESSAGES UNSEEN))',
        "LIST",
        List(
            "",
            ("a", "b*"),
            frozenset({"SUBSCRIBED", "RECURSIVEMATCH"}),
            frozenset({"CHILDREN"}),
            ("MESSAGES", "UNSEEN"),
            extended=True,
        ),
    ),
    (
        b'LIST () "" % return (special-use)',
        "LIST",
        List("", ("%",), returns=frozenset({"SPECIAL-USE"}), extended=True),
    ),
    (b'LIST "" % RETURN ()', "LIST", List("", ("%",), extended=True)),
    (b"STATUS INBOX (MESSAGES unseen messages)", "STATUS", Status("INBOX", ("MESSAGES", "UNSEEN"))),
    (
        b"STATUS x (RECENT UIDNEXT UIDVALIDITY HIGHESTMODSEQ SIZE DELETED MAILBOXID)",
        "STATUS",
        Status("x", ("RECENT", "UIDNEXT", "UIDVALIDITY", "HIGHESTMODSEQ", "SIZE", "DELETED", "MAILBOXID")),
    ),
    (b"ENABLE condstore X-foo", "ENABLE", Enable(("CONDSTORE", "X-FOO"))),
    (b"ID nil", "ID", Identity(None)),
    (b"ID ()", "ID", Identity(())),
    (b'ID ("name" "x" "os" NIL)', "ID", Identity((("name", "x"), ("os", None)))),
    (b'ID ("name" {1+}\r\nx)', "ID", Identity((("name", "x"),))),
    (b"COPY 1,5:* a", "COPY", Copy(numbers((1, 1), (5, STAR)), "a")),
    (b"UID COPY 1 {1+}\r\na", "UID COPY", Copy(ONE, "a", uid=True)),
    (b"MOVE $ a", "MOVE", Copy(SAVED, "a")),
    (b"uid move 3:1 a", "UID MOVE", Copy(numbers((1, 3)), "a", uid=True)),
    (b"UID EXPUNGE *", "UID EXPUNGE", UidExpunge(numbers((STAR, STAR)))),
    (b"STORE 1 FLAGS ()", "STORE", Store(ONE, "replace", ())),
    (b"STORE 1 +flags.silent (\\seen $X)", "STORE", Store(ONE, "add", ("\\Seen", "$X"), silent=True)),
    (b"STORE 1 -FLAGS \\Deleted a \\deleted", "STORE", Store(ONE, "remove", ("\\Deleted", "a"))),
    (
        b"UID STORE 1 (UNCHANGEDSINCE 0) FLAGS (a)",
        "UID STORE",
        Store(ONE, "replace", ("a",), unchanged_since=0, uid=True),
    ),
    (b"SEARCH ALL", "SEARCH", Search(keys.All())),
    (b"SEARCH UNSEEN ", "SEARCH", Search(Not(SEEN))),
    (b"UID SEARCH RETURN () 5:*", "UID SEARCH", Search(keys.Numbers(REST), frozenset({"ALL"}), uid=True)),
    (b"SEARCH RETURN (min Count) UID 1", "SEARCH", Search(keys.Uids(ONE), frozenset({"MIN", "COUNT"}))),
    (b"SEARCH $", "SEARCH", Search(keys.Numbers(SAVED))),
    (b"SEARCH NEW", "SEARCH", Search(keys.And((keys.Recent(), Not(SEEN))))),
    (b"SEARCH OLD", "SEARCH", Search(Not(keys.Recent()))),
    (
        b"SEARCH OR (SEEN DELETED) NOT FROM bob TEXT {2+}\r\nhi",
        "SEARCH",
        Search(
            keys.And(
                (
                    keys.Or(keys.And((SEEN, HasFlag("\\Deleted"))), Not(keys.Envelope("from", "bob"))),
                    keys.Text("hi"),
                )
            )
        ),
    ),
    (b"SEARCH HEADER X-Y {0+}\r\n", "SEARCH", Search(Header("x-y", ""))),
    (b'SEARCH SUBJECT "\xc3\xb6"', "SEARCH", Search(keys.Envelope("subject", "ö"))),
    (b"SEARCH CHARSET koi8-r BODY {1+}\r\n\xc1", "SEARCH", Search(keys.Body("а"), labelled=True)),
    (b'SEARCH CHARSET "utf-8" BCC a', "SEARCH", Search(keys.Envelope("bcc", "a"), labelled=True)),
    (
        b"SEARCH BEFORE 1-Feb-1994",
        "SEARCH",
        Search(keys.Dated(Moment.INTERNAL, Relation.BEFORE, date(1994, 2, 1))),
    ),
    (
        b'SEARCH SENTSINCE "01-fEB-1994"',
        "SEARCH",
        Search(keys.Dated(Moment.SENT, Relation.SINCE, date(1994, 2, 1))),
    ),
    (b"SEARCH SAVEDON 1-Jan-2020", "SEARCH", Search(keys.Dated(Moment.SAVED, Relation.ON, date(2020, 1, 1)))),
    (b"SEARCH LARGER 5", "SEARCH", Search(keys.Larger(5))),
    (b"SEARCH SMALLER 5", "SEARCH", Search(keys.Smaller(5))),
    (b"SEARCH YOUNGER 5", "SEARCH", Search(keys.Younger(5))),
    (b"SEARCH OLDER 5", "SEARCH", Search(keys.Older(5))),
    (b"SEARCH KEYWORD $X", "SEARCH", Search(HasFlag("$X"))),
    (b"SEARCH UNKEYWORD x", "SEARCH", Search(Not(HasFlag("x")))),
    (b"SEARCH MODSEQ 7", "SEARCH", Search(keys.ModseqSince(7), uses_modseq=True)),
    (b'SEARCH MODSEQ "/flags/\\\\draft" all 7', "SEARCH", Search(keys.ModseqSince(7), uses_modseq=True)),
    (b"SEARCH EMAILID M1", "SEARCH", Search(keys.EmailId("M1"))),
    (b"SEARCH THREADID T1", "SEARCH", Search(keys.ThreadId("T1"))),
]


@pytest.mark.parametrize(("line", "name", "arguments"), RIGHT, ids=[repr(row[0])[2:60] for row in RIGHT])
def test_right(line: bytes, name: str, arguments: object) -> None:
    assert read(line) == Command(b"t", name, arguments)  # type: ignore[arg-type]


WRONG = [
    b"",
    b" NOOP",
    b"FROB",
    b"UID",
    b"UID NOOP",
    b"NOOP x",
    b"NOOP  x",
    b"LOGIN",
    b"LOGIN ",
    b"LOGIN a",
    b"LOGIN  a b",
    b"LOGIN a  b",
    b"LOGIN a b c",
    b'LOGIN "a b',
    b'LOGIN "a\\x" b',
    b"LOGIN a b\x80",
    b'LOGIN a "\xff"',
    b"LOGIN a\tb c",
    b"LOGIN {1+}\r\n\0 b",
    b"LOGIN {1+}\r\nab b",
    b"LOGIN ~{1+}\r\na b",
    b"AUTHENTICATE",
    b"AUTHENTICATE PLAIN ????",
    b"AUTHENTICATE PLAIN AGE",
    b"AUTHENTICATE PLAIN = x",
    b"SELECT",
    b"SELECT a b",
    b"SELECT a (FROB)",
    b"SELECT a ()",
    b"SELECT a*",
    b"SELECT a%",
    b"SELECT &x",
    b"SELECT &AGE-",
    b'SELECT "\xff"',
    b"SELECT {1+}\r\n\x01",
    b"CREATE",
    b"CREATE a (USE ())x",
    b"CREATE a (USE (Drafts))",
    b"DELETE a b",
    b"RENAME a",
    b"LIST",
    b'LIST ""',
    b'LIST (FROB) "" *',
    b'LIST (RECURSIVEMATCH) "" *',
    b'LIST (RECURSIVEMATCH REMOTE) "" *',
    b'LIST "" ()',
    b'LIST "" * RETURN (FROB)',
    b'LIST "" * RETURN (STATUS)',
    b'LIST "" * RETURN (STATUS ())',
    b'LIST "" * RETURN (CHILDREN  SUBSCRIBED)',
    b'LIST "" * RETURN (CHILDREN',
    b'LIST "" (' + b" ".join([b"a"] * (limits.IMAP_PATTERNS + 1)) + b")",
    b"SELECT {11000+}\r\n" + b"a" * 11_000,
    b'LSUB "" (a b)',
    b"STATUS a",
    b"STATUS a ()",
    b"STATUS a MESSAGES",
    b"STATUS a (FROB)",
    b"STATUS a (MESSAGES UNSEEN",
    b"STATUS a ( MESSAGES)",
    b"ENABLE",
    b"ID",
    b"ID (name x)",
    b'ID ("name")',
    b"ID (" + b" ".join([b'"a" "b"'] * 31) + b")",
    b'ID ("a" "' + b"x" * 1025 + b'")',
    b"COPY 1",
    b"COPY a b",
    b"COPY 0 b",
    b"COPY 4294967296 b",
    b"COPY 1, b",
    b"COPY 1::2 b",
    b"COPY 1:2:3 b",
    b"COPY ,1 b",
    b"COPY $,1 b",
    b"COPY 01 b",
    b"UID EXPUNGE",
    b"STORE 1 FLAGS",
    b"STORE 1 FROB (a)",
    b"STORE 1 FLAGS (a",
    b"STORE 1 FLAGS (a  b)",
    b"STORE 1 FLAGS (\\Recent)",
    b"STORE 1 FLAGS (\\Frob)",
    b"STORE 1 FLAGS (" + b"a" * (limits.KEYWORD + 1) + b")",
    b"STORE 1 FLAGS (a\xc3\xb6)",
    b"STORE 1 (UNCHANGEDSINCE) FLAGS (a)",
    b"STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS (a)",
    b"STORE 1 (CHANGEDSINCE 1) FLAGS (a)",
    b"SEARCH",
    b"SEARCH FROB",
    b"SEARCH FROM",
    b"SEARCH NOT",
    b"SEARCH OR SEEN",
    b"SEARCH (SEEN",
    b"SEARCH SEEN)",
    b"SEARCH ()",
    b"SEARCH ( SEEN)",
    b"SEARCH SEEN  DELETED",
    b"SEARCH BEFORE 31-Feb-2020",
    b"SEARCH BEFORE 1-Foo-2020",
    b'SEARCH BEFORE "1-Jan-2020',
    b"SEARCH LARGER x",
    b"SEARCH LARGER 99999999999999999999",
    b"SEARCH YOUNGER 0",
    b"SEARCH KEYWORD \\Seen",
    b"SEARCH RETURN (FROB) ALL",
    b"SEARCH RETURN (MIN)",
    b"SEARCH CHARSET UTF-8",
    b"SEARCH CHARSET UTF-8 BODY {1+}\r\n\xff",
    b"SEARCH MODSEQ",
    b'SEARCH MODSEQ "/x" all 7',
    b'SEARCH MODSEQ "/flags/x" frob 7',
    b"SEARCH 1,,2",
    b"SEARCH " + b"(" * (limits.IMAP_NESTING + 2) + b"SEEN" + b")" * (limits.IMAP_NESTING + 2),
    b"SEARCH " + b"NOT " * 20_000 + b"SEEN",
    b"SEARCH " + b"OR " * 20_000 + b"SEEN",
    b"FETCH",
    b"FETCH 1",
    b"FETCH 1 ()",
    b"FETCH 1 FROB",
    b"FETCH 1 (ALL)",
    b"FETCH 1 (FLAGS",
    b"FETCH 1 (FLAGS )",
    b"FETCH 1 ( FLAGS)",
    b"FETCH 1 FLAGS UID",
    b"FETCH 1 BODY[",
    b"FETCH 1 BODY[0]",
    b"FETCH 1 BODY[1.]",
    b"FETCH 1 BODY[1.0]",
    b"FETCH 1 BODY[MIME]",
    b"FETCH 1 BODY[FROB]",
    b"FETCH 1 BODY[1FROB]",
    b"FETCH 1 BODY[HEADERS]",
    b"FETCH 1 BODY[HEADER.FIELDS]",
    b"FETCH 1 BODY[HEADER.FIELDS ()]",
    b"FETCH 1 BODY[HEADER.FIELDS (a:)]",
    b"FETCH 1 BODY[]<0>",
    b"FETCH 1 BODY[]<0.0>",
    b"FETCH 1 BODY[]<1.99999999999999999999>",
    b"FETCH 1 BODY[" + b".".join([b"1"] * 200) + b"]",
    b"FETCH 1 FLAGS (FROB 1)",
    b"FETCH 1 FLAGS (CHANGEDSINCE 0)",
    b"FETCH 1 FLAGS (CHANGEDSINCE 1",
    b"APPEND a",
    b"APPEND a (\\Seen)",
]


@pytest.mark.parametrize("line", WRONG, ids=[repr(line)[2:60] for line in WRONG])
def test_wrong(line: bytes) -> None:
    assert isinstance(read(line), BadCommand)


def test_bad_charset_names_ours() -> None:
    bad = read(b"SEARCH CHARSET UTF-7 TEXT x")
    assert bad == BadCommand(b"t", "charset not supported", "BADCHARSET (US-ASCII UTF-8)", "NO")


def test_mailbox_names_after_enable() -> None:
    assert read(b'SELECT "\xc3\xb6&-"', utf8=True) == Command(b"t", "SELECT", Select("ö&-"))


def fetch(items: bytes) -> Fetch:
    event = read(b"FETCH 5:* " + items)
    assert isinstance(event, Command), event
    assert isinstance(event.arguments, Fetch)
    return event.arguments


FAST = (Attribute.FLAGS, Attribute.INTERNALDATE, Attribute.SIZE)

ITEMS = [
    (b"fast", FAST),
    (b"ALL", (*FAST, Attribute.ENVELOPE)),
    (b"FULL", (*FAST, Attribute.ENVELOPE, Attribute.BODY)),
    (b"(FLAGS flags UID)", (Attribute.FLAGS, Attribute.UID)),
    (b"(BODYSTRUCTURE BODY MODSEQ)", (Attribute.BODYSTRUCTURE, Attribute.BODY, Attribute.MODSEQ)),
    (b"(EMAILID THREADID)", (Attribute.EMAILID, Attribute.THREADID)),
    (b"body[]", (BodyItem(Section(), b"BODY[]"),)),
    (b"BODY.PEEK[]<0.2048>", (BodyItem(Section(), b"BODY[]<0>", True, (0, 2048)),)),
    (b"BODY[1.2.text]", (BodyItem(Section((1, 2), "TEXT"), b"BODY[1.2.TEXT]"),)),
    (b"BODY[3]", (BodyItem(Section((3,)), b"BODY[3]"),)),
    (b"BODY[3.MIME]", (BodyItem(Section((3,), "MIME"), b"BODY[3.MIME]"),)),
    (b"BODY[HEADER]", (BodyItem(Section((), "HEADER"), b"BODY[HEADER]"),)),
    (
        b'(BODY.PEEK[header.fields (From "To" {2+}\r\nCc)] UID)',
        (
            BodyItem(Section((), "HEADER.FIELDS", ("From", "To", "Cc")), b"BODY[HEADER.FIELDS (From To Cc)]", True),
            Attribute.UID,
        ),
    ),
    (
        b"BODY[1.HEADER.FIELDS.NOT (X)]<5.1>",
        (BodyItem(Section((1,), "HEADER.FIELDS.NOT", ("X",)), b"BODY[1.HEADER.FIELDS.NOT (X)]<5>", False, (5, 1)),),
    ),
    (b"RFC822", (BodyItem(Section(), b"RFC822"),)),
    (b"RFC822.HEADER", (BodyItem(Section((), "HEADER"), b"RFC822.HEADER", True),)),
    (b"RFC822.TEXT", (BodyItem(Section((), "TEXT"), b"RFC822.TEXT"),)),
    (b"RFC822.SIZE ", (Attribute.SIZE,)),
]


@pytest.mark.parametrize(("text", "items"), ITEMS, ids=[repr(row[0])[2:50] for row in ITEMS])
def test_fetch_items(text: bytes, items: tuple[object, ...]) -> None:
    assert fetch(text) == Fetch(REST, items)  # type: ignore[arg-type]


def test_fetch_modifiers() -> None:
    assert fetch(b"FLAGS (CHANGEDSINCE 9)") == Fetch(REST, (Attribute.FLAGS, Attribute.MODSEQ), 9)
    event = read(b"UID FETCH 1 (FLAGS UID)")
    assert event == Command(b"t", "UID FETCH", Fetch(ONE, (Attribute.UID, Attribute.FLAGS), uid=True))


def test_what_sets_seen() -> None:
    assert fetch(b"(FLAGS BODY[1])").sets_seen
    assert not fetch(b"(FLAGS BODY.PEEK[1] RFC822.HEADER)").sets_seen


def test_separator_question() -> None:
    event = read(b'LIST a ""')
    assert isinstance(event, Command)
    assert isinstance(event.arguments, List)
    assert event.arguments.asks_separator


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (b"ALL", False),
        (b"3", True),
        (b"UID 3", False),
        (b"$", False),
        (b"NOT (SEEN OR UID 1 2)", True),
        (b"OR $ NOT UID 1", False),
        (b"SEEN FUZZY 1:*", True),
    ],
)
def test_search_knows_whether_it_names_message_numbers(text: bytes, named: bool) -> None:
    event = read(b"UID SEARCH " + text)
    assert isinstance(event, Command)
    assert isinstance(event.arguments, Search)
    assert keys.names_numbers(event.arguments.key) is named
