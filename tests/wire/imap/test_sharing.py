"""One table row per form of NOTIFY, ACL, QUOTA, METADATA and the small extensions: the line, and what it comes to."""

import pytest

from pillarbox.core import limits
from pillarbox.wire.imap import acl, metadata, notify, quota
from pillarbox.wire.imap.commands import Mailbox, Nothing
from pillarbox.wire.imap.events import BadCommand, Command
from pillarbox.wire.imap.extensions import Compress, UidBatches
from pillarbox.wire.imap.fetch import Attribute, BodyItem, Section
from pillarbox.wire.imap.listing import List, Status
from pillarbox.wire.imap.notify import EventGroup, EventKind, Notify
from pillarbox.wire.imap.scopes import Filter, Scope
from tests.wire.imap.reading import read

SELECTED = Scope(Filter.SELECTED)
NEW, GONE, FLAGS = EventKind.MESSAGE_NEW, EventKind.MESSAGE_EXPUNGE, EventKind.FLAG_CHANGE

NOTIFYING = [
    (b"NOTIFY NONE", Notify()),
    (
        b"notify set status (selected (MessageNew (uid body.peek[header.fields (from to)]) MessageExpunge))"
        b" (subtree Lists (messagenew MESSAGEEXPUNGE FlagChange))",
        Notify(
            (
                EventGroup(
                    SELECTED,
                    frozenset({NEW, GONE}),
                    (
                        Attribute.UID,
                        BodyItem(
                            Section((), "HEADER.FIELDS", ("from", "to")), b"BODY[HEADER.FIELDS (from to)]", peek=True
                        ),
                    ),
                ),
                EventGroup(Scope(Filter.SUBTREE, ("Lists",)), frozenset({NEW, GONE, FLAGS})),
            ),
            status=True,
        ),
    ),
    (
        b"NOTIFY SET (selected-delayed MessageNew (UID) MessageExpunge FlagChange) (personal NONE)",
        Notify(
            (
                EventGroup(Scope(Filter.SELECTED_DELAYED), frozenset({NEW, GONE, FLAGS}), (Attribute.UID,)),
                EventGroup(Scope(Filter.PERSONAL), frozenset()),
            )
        ),
    ),
    (
        b"NOTIFY SET (mailboxes ({1+}\r\na &AOk-) (MailboxName SubscriptionChange MailboxMetadataChange"
        b" ServerMetadataChange))",
        Notify(
            (
                EventGroup(
                    Scope(Filter.MAILBOXES, ("a", "é")),
                    frozenset(EventKind) - notify.MESSAGE_EVENTS,
                ),
            )
        ),
    ),
]

SHARING = [
    (b"SETACL INBOX/Drafts John lrswicd", acl.SetAcl("INBOX/Drafts", "John", "replace", frozenset("lrswikxte"))),
    (b'SETACL a "b c" +lr', acl.SetAcl("a", "b c", "add", frozenset("lr"))),
    (b"SETACL a {1+}\r\nb -d", acl.SetAcl("a", "b", "remove", frozenset("te"))),
    (b'SETACL a anyone ""', acl.SetAcl("a", "anyone", "replace", frozenset())),
    (b'SETACL a "j\xc3\xb6" l', acl.SetAcl("a", "jö", "replace", frozenset("l"))),
    (b"DELETEACL a -Fred", acl.DeleteAcl("a", "-Fred")),
    (b"GETACL inbox", acl.GetAcl("INBOX")),
    (b"LISTRIGHTS ~/Mail/saved smith", acl.ListRights("~/Mail/saved", "smith")),
    (b"MYRIGHTS &AOk-", acl.MyRights("é")),
]

COUNTING = [
    (b'GETQUOTA ""', quota.GetQuota("")),
    (b"GETQUOTA {3+}\r\n!us", quota.GetQuota("!us")),
    (b"GETQUOTAROOT inbox", quota.GetQuotaRoot("INBOX")),
    (b'SETQUOTA "" (STORAGE 512 message 9)', quota.SetQuota("", (("STORAGE", 512), ("MESSAGE", 9)))),
    (b"SETQUOTA x ()", quota.SetQuota("x", ())),
]

NOTING = [
    (b'GETMETADATA "" /shared/comment', metadata.GetMetadata("", ("/shared/comment",))),
    (
        b"GETMETADATA INBOX (/shared/Comment {16+}\r\n/private/comment)",
        metadata.GetMetadata("INBOX", ("/shared/comment", "/private/comment")),
    ),
    (b"GETMETADATA (MAXSIZE 1024) a /private/x", metadata.GetMetadata("a", ("/private/x",), 1024)),
    (
        b'GETMETADATA "INBOX" (DEPTH 1) (/private/filters/values)',
        metadata.GetMetadata("INBOX", ("/private/filters/values",), None, 1),
    ),
    (
        b"GETMETADATA (depth infinity maxsize 0) a /shared",
        metadata.GetMetadata("a", ("/shared",), 0, metadata.INFINITY),
    ),
    (
        b"GETMETADATA a /private/comment /shared/comment",
        metadata.GetMetadata("a", ("/private/comment", "/shared/comment")),
    ),
    (
        b'SETMETADATA INBOX (/private/comment "x" /SHARED/a NIL /private/b ~{2+}\r\n\0\xff /private/c {1+}\r\n\xc3)',
        metadata.SetMetadata(
            "INBOX",
            (("/private/comment", b"x"), ("/shared/a", None), ("/private/b", b"\0\xff"), ("/private/c", b"\xc3")),
        ),
    ),
    (b'SETMETADATA "" (/private/a "1" /private/A "2")', metadata.SetMetadata("", (("/private/a", b"2"),))),
]

SMALL_ONES = [
    (b"COMPRESS deflate", Compress("DEFLATE")),
    (b"UNAUTHENTICATE", Nothing()),
    (b"GETJMAPACCESS", Nothing()),
    (b"UIDBATCHES 2000", UidBatches(2000)),
    (b"UIDBATCHES 1000 10:20", UidBatches(1000, (10, 20))),
    (b"uidbatches 4294967295 7:7", UidBatches(4294967295, (7, 7))),
    (b"CREATE Arc (USE (\\Archive))", Mailbox("Arc", ("\\Archive",))),
    (
        b"STATUS x (DELETED DELETED-STORAGE SIZE APPENDLIMIT MAILBOXID)",
        Status("x", ("DELETED", "DELETED-STORAGE", "SIZE", "APPENDLIMIT", "MAILBOXID")),
    ),
    (
        b'LIST "" % RETURN (MYRIGHTS METADATA (/shared/comment "/private/Color") SPECIAL-USE STATUS (SIZE))',
        List(
            "",
            ("%",),
            returns=frozenset({"MYRIGHTS", "SPECIAL-USE"}),
            status=("SIZE",),
            extended=True,
            metadata=("/shared/comment", "/private/color"),
        ),
    ),
]

RIGHT = [*NOTIFYING, *SHARING, *COUNTING, *NOTING, *SMALL_ONES]


@pytest.mark.parametrize(("line", "arguments"), RIGHT, ids=[repr(row[0])[2:60] for row in RIGHT])
def test_right(line: bytes, arguments: object) -> None:
    event = read(line)
    assert isinstance(event, Command), event
    assert event.arguments == arguments


WRONG = [
    b"NOTIFY",
    b"NOTIFY NONE x",
    b"NOTIFY FROB",
    b"NOTIFY SET",
    b"NOTIFY SET STATUS",
    b"NOTIFY SET ()",
    b"NOTIFY SET (personal)",
    b"NOTIFY SET (personal ())",
    b"NOTIFY SET (personal  NONE)",
    b"NOTIFY SET (subtree-one a NONE)",
    b"NOTIFY SET (personal (MessageNew))",
    b"NOTIFY SET (personal (FlagChange))",
    b"NOTIFY SET (personal (MessageNew (UID) MessageExpunge))",
    b"NOTIFY SET (selected (MessageNew (FROB) MessageExpunge))",
    b"NOTIFY SET (selected (MailboxName))",
    b"NOTIFY SET (selected NONE) (selected-delayed NONE)",
    b"NOTIFY SET (personal NONE)  (inboxes NONE)",
    b"SETACL a b",
    b"SETACL a b lrQ",
    b"SETACL a b lrq",
    b"SETACL a b 5",
    b"SETACL a b l*",
    b"SETACL a b ++l",
    b'SETACL a "" l',
    b'SETACL a "\xff" l',
    b"SETACL a  b l",
    b"SETACL a " + b"b" * 300 + b" l",
    b"DELETEACL a",
    b"DELETEACL a b c",
    b"GETACL",
    b"GETACL a b",
    b"LISTRIGHTS a",
    b"MYRIGHTS a*",
    b"GETQUOTA",
    b"GETQUOTA " + b"a" * 300,
    b"GETQUOTAROOT",
    b"SETQUOTA x",
    b"SETQUOTA x STORAGE 5",
    b"SETQUOTA x (STORAGE)",
    b"SETQUOTA x (STORAGE -5)",
    b"SETQUOTA x (STORAGE 5 STORAGE 6)",
    b"SETQUOTA x (STORAGE 5  MESSAGE 6)",
    b"SETQUOTA x (STORAGE 9223372036854775808)",
    b"GETMETADATA a",
    b"GETMETADATA a ()",
    b"GETMETADATA a /frob/x",
    b"GETMETADATA a shared/x",
    b"GETMETADATA a /shared//x",
    b"GETMETADATA a /shared/x/",
    b'GETMETADATA a "/shared/*"',
    b'GETMETADATA a "/shared/%"',
    b'GETMETADATA a "/shared/\xc3\xb6"',
    b"GETMETADATA a /shared/" + b"x" * limits.IMAP_ENTRY,
    b"GETMETADATA (DEPTH 2) a /shared/x",
    b"GETMETADATA (DEPTH 1 DEPTH 1) a /shared/x",
    b"GETMETADATA (MAXSIZE) a /shared/x",
    b"GETMETADATA (FROB 1) a /shared/x",
    b"GETMETADATA a (FROB 1) /shared/x",
    b"SETMETADATA a",
    b"SETMETADATA a ()",
    b"SETMETADATA a (/shared/x)",
    b"SETMETADATA a (/shared/x y)",
    b'SETMETADATA a (/shared/x "y" /shared/z)',
    b"SETMETADATA a (/shared/x {1+}\r\n\0)",
    b'SETMETADATA a /shared/x "y"',
    b'SETMETADATA a (/shared "y")',
    b'SETMETADATA a (/private/vendor/x "y")',
    b'SETMETADATA a (/private/x "y" /shared/vendor "y")',
    b"COMPRESS",
    b"COMPRESS DEFLATE x",
    b"UNAUTHENTICATE x",
    b"UIDBATCHES",
    b"UIDBATCHES 0",
    b"UIDBATCHES x",
    b"UIDBATCHES 5 1",
    b"UIDBATCHES 5 0:1",
    b"UIDBATCHES 5 1:4294967296",
    b"UIDBATCHES 500 20:10",
    b"UIDBATCHES 500  1:2",
    b"UIDBATCHES 500 1:*",
    b"UIDBATCHES 4294967296",
    b"UIDBATCHES 5 1:2:3",
    b'LIST "" % RETURN (METADATA)',
    b'LIST "" % RETURN (METADATA ())',
    b'LIST "" % RETURN (METADATA (frob))',
    b'LIST "" % RETURN (MYRIGHTS (x))',
]


@pytest.mark.parametrize("line", WRONG, ids=[repr(line)[2:60] for line in WRONG])
def test_wrong(line: bytes) -> None:
    assert isinstance(read(line), BadCommand)


MANY = b" ".join(b"/private/%d" % number for number in range(limits.IMAP_ENTRIES + 1))
REFUSED = [
    (
        b"NOTIFY SET (personal (AnnotationChange))",
        "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange"
        " ServerMetadataChange)",
    ),
    (b"NOTIFY SET" + b" (personal NONE)" * (limits.IMAP_PATTERNS + 1), "NOTIFICATIONOVERFLOW"),
    (b"SETQUOTA x (FROB 5)", ""),
    (b"GETMETADATA a (" + MANY + b")", "LIMIT"),
    (b"GETMETADATA a " + MANY, "LIMIT"),
    (b'LIST "" % RETURN (METADATA (' + MANY + b"))", "LIMIT"),
    (b"SETMETADATA a (" + MANY.replace(b" ", b" NIL ") + b" NIL)", "METADATA TOOMANY"),
    (b"SETMETADATA a (/private/x {%d}" % (limits.METADATA_VALUE + 1), "METADATA MAXSIZE 65536"),
    (b'LIST "" (' + b" ".join([b"x" * 1000] * 5) + b")", "LIMIT"),
    (b"SORT (DATE) UTF-7 ALL", "BADCHARSET (US-ASCII UTF-8)"),
]


@pytest.mark.parametrize(("line", "code"), REFUSED, ids=[repr(row[0])[2:60] for row in REFUSED])
def test_refused_with_no(line: bytes, code: str) -> None:
    event = read(line)
    assert isinstance(event, BadCommand)
    assert (event.status, event.code) == ("NO", code)


def test_names_after_enable() -> None:
    assert read(b'MYRIGHTS "\xc3\xb6&-"', utf8=True) == Command(b"t", "MYRIGHTS", acl.MyRights("ö&-"))
    assert isinstance(read(b'MYRIGHTS "\xff"', utf8=True), BadCommand)
    event = read(b'NOTIFY SET (mailboxes ("\xc3\xb6") NONE)', utf8=True)
    assert event == Command(b"t", "NOTIFY", Notify((EventGroup(Scope(Filter.MAILBOXES, ("ö",)), frozenset()),)))
    assert isinstance(read(b"SORT (DATE) US-ASCII ALL", utf8=True), Command)


def test_rights() -> None:
    assert acl.spell_rights(frozenset("aetxkpiwsrl")) == "lrswipkxteacd"
    assert acl.spell_rights("rl") == "lr"
    assert acl.spell_rights("t") == "td"
    assert acl.spell_rights("kt", obsolete=False) == "kt"
