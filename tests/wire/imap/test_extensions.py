"""One table row per form of the extensions that open, read and search mailboxes: the line, and what it comes to."""

from datetime import date

import pytest

from pillarbox.core import limits
from pillarbox.wire.imap import search as keys
from pillarbox.wire.imap.commands import Select, Store
from pillarbox.wire.imap.events import BadCommand, Command
from pillarbox.wire.imap.extensions import CancelUpdate
from pillarbox.wire.imap.fetch import Attribute, BinaryItem, BinarySize, Fetch
from pillarbox.wire.imap.multisearch import MultiSearch
from pillarbox.wire.imap.partial import Partial
from pillarbox.wire.imap.resync import Resync
from pillarbox.wire.imap.scopes import Filter, Scope
from pillarbox.wire.imap.search import Search
from pillarbox.wire.imap.sets import HIGHEST, NOTHING, SAVED, STAR, SequenceSet
from pillarbox.wire.imap.sorting import Criterion, Sort, Thread
from tests.wire.imap.reading import read


def numbers(*ranges: tuple[int, int]) -> SequenceSet:
    return SequenceSet(ranges)


def returning(*options: str) -> frozenset[str]:
    return frozenset(options)


ONE, REST, ALL = numbers((1, 1)), numbers((5, STAR)), keys.All()
SELECTED = Scope(Filter.SELECTED)

SELECTING = [
    (b"SELECT a (QRESYNC (7 9))", Select("a", resync=Resync(7, 9))),
    (b"EXAMINE a (qresync (7 9 1:5,8))", Select("a", resync=Resync(7, 9, numbers((1, 5), (8, 8))))),
    (
        b"SELECT INBOX (QRESYNC (67890007 90060115194045000 41:211,214:541 (1,3 41,99)))",
        Select(
            "INBOX",
            resync=Resync(
                67890007,
                90060115194045000,
                numbers((41, 211), (214, 541)),
                numbers((1, 1), (3, 3)),
                numbers((41, 41), (99, 99)),
            ),
        ),
    ),
    (b"SELECT a (QRESYNC (7 9 (1 41)))", Select("a", resync=Resync(7, 9, None, ONE, numbers((41, 41))))),
    (b"SELECT {1+}\r\na (CONDSTORE QRESYNC (7 9))", Select("a", True, Resync(7, 9))),
]

FETCHING = [
    (
        b"UID FETCH 5:* FLAGS (CHANGEDSINCE 9 VANISHED)",
        Fetch(REST, (Attribute.UID, Attribute.FLAGS, Attribute.MODSEQ), 9, True, vanished=True),
    ),
    (
        b"UID FETCH 5:* (UID FLAGS) (partial -1:-30 changedsince 98305)",
        Fetch(REST, (Attribute.UID, Attribute.FLAGS, Attribute.MODSEQ), 98305, uid=True, partial=Partial(-1, -30)),
    ),
    (b"UID FETCH $ UID (PARTIAL 5:1)", Fetch(SAVED, (Attribute.UID,), uid=True, partial=Partial(1, 5))),
    (b"FETCH $ FLAGS", Fetch(SAVED, (Attribute.FLAGS,))),
    (b"FETCH 1 savedate", Fetch(ONE, (Attribute.SAVEDATE,))),
    (b"FETCH 1 PREVIEW", Fetch(ONE, (Attribute.PREVIEW,))),
    (b"FETCH 1 PREVIEW (lazy)", Fetch(ONE, (Attribute.PREVIEW_LAZY,))),
    (b"FETCH 1 (UID preview (LAZY) SAVEDATE)", Fetch(ONE, (Attribute.UID, Attribute.PREVIEW_LAZY, Attribute.SAVEDATE))),
    (
        b"FETCH 1 PREVIEW (CHANGEDSINCE 3)",
        Fetch(ONE, (Attribute.PREVIEW, Attribute.MODSEQ), 3),
    ),
    (b"FETCH 1 binary[]", Fetch(ONE, (BinaryItem((), b"BINARY[]"),))),
    (
        b"FETCH 1 (BINARY.PEEK[1.2]<0.100> BINARY.size[3])",
        Fetch(ONE, (BinaryItem((1, 2), b"BINARY[1.2]<0>", True, (0, 100)), BinarySize((3,), b"BINARY.SIZE[3]"))),
    ),
]

SEARCHING = [
    (b"SEARCH RETURN (SAVE) ALL", Search(ALL, returning("SAVE"))),
    (b"SEARCH RETURN (save count) $", Search(keys.Numbers(SAVED), returning("SAVE", "COUNT"))),
    (b"UID SEARCH UID $", Search(keys.Uids(SAVED), uid=True)),
    (
        b"UID SEARCH RETURN (PARTIAL -1:-100 MIN) ALL",
        Search(ALL, returning("PARTIAL", "MIN"), uid=True, partial=Partial(-1, -100)),
    ),
    (b"SEARCH RETURN (CONTEXT UPDATE COUNT) ALL", Search(ALL, returning("CONTEXT", "UPDATE", "COUNT"))),
    (
        b"SEARCH RETURN (UPDATE (UID FLAGS)) ALL",
        Search(ALL, returning("UPDATE"), update=(Attribute.UID, Attribute.FLAGS)),
    ),
    (b"SEARCH RETURN (RELEVANCY) FUZZY TEXT x", Search(keys.Fuzzy(keys.Text("x")), returning("RELEVANCY"))),
    (
        b"SEARCH FUZZY (SUBJECT {2+}\r\n\xc3\xb6 SEEN)",
        Search(keys.Fuzzy(keys.And((keys.Envelope("subject", "ö"), keys.HasFlag("\\Seen"))))),
    ),
    (b"SEARCH SAVEDATESUPPORTED", Search(keys.SaveDateSupported())),
    (
        b"SEARCH SAVEDSINCE 1-Jan-2020",
        Search(keys.Dated(keys.Moment.SAVED, keys.Relation.SINCE, date(2020, 1, 1))),
    ),
    (b"SEARCH YOUNGER 60 OLDER 5", Search(keys.And((keys.Younger(60), keys.Older(5))))),
    (b"SEARCH UIDAFTER 25000", Search(keys.Uids(numbers((25001, HIGHEST))))),
    (b"SEARCH UIDAFTER 4294967295", Search(keys.Uids(NOTHING))),
    (b"SEARCH UIDBEFORE 7", Search(keys.Uids(numbers((1, 6))))),
    (b"SEARCH UIDBEFORE 1", Search(keys.Uids(NOTHING))),
    (b"STORE $ +FLAGS.SILENT (\\Seen)", Store(SAVED, "add", ("\\Seen",), True)),
]

SORTING = [
    (b"SORT (SUBJECT REVERSE DATE) UTF-8 ALL", Sort((Criterion("SUBJECT"), Criterion("DATE", True)), Search(ALL))),
    (
        b"UID SORT (DISPLAYFROM DISPLAYTO) us-ascii SEEN",
        Sort((Criterion("DISPLAYFROM"), Criterion("DISPLAYTO")), Search(keys.HasFlag("\\Seen"), uid=True)),
    ),
    (
        b"SORT RETURN (PARTIAL 1:10) (RELEVANCY) UTF-8 FUZZY TEXT {5+}\r\nWorld",
        Sort(
            (Criterion("RELEVANCY"),),
            Search(keys.Fuzzy(keys.Text("World")), returning("PARTIAL"), partial=Partial(1, 10)),
        ),
    ),
    (b"SORT RETURN () (SIZE) UTF-8 5:*", Sort((Criterion("SIZE"),), Search(keys.Numbers(REST), returning("ALL")))),
    (
        b'SORT (cc) "KOI8-R" BODY {1+}\r\n\xc1',
        Sort((Criterion("CC"),), Search(keys.Body("а"))),
    ),
    (b"THREAD ORDEREDSUBJECT UTF-8 ALL", Thread("ORDEREDSUBJECT", Search(ALL))),
    (
        b"UID THREAD references US-ASCII SINCE 5-MAR-2000",
        Thread(
            "REFERENCES",
            Search(keys.Dated(keys.Moment.INTERNAL, keys.Relation.SINCE, date(2000, 3, 5)), uid=True),
        ),
    ),
    (b"THREAD REFS UTF-8 MODSEQ 3", Thread("REFS", Search(keys.ModseqSince(3), uses_modseq=True))),
    (b'CANCELUPDATE "B01"', CancelUpdate((b"B01",))),
    (b'CANCELUPDATE "B01" "B02"', CancelUpdate((b"B01", b"B02"))),
]

EVERYWHERE = [
    (b"ESEARCH ALL", MultiSearch((), Search(ALL, returning("ALL"), uid=True))),
    (
        b'ESEARCH IN (mailboxes "folder1" subtree-one "folder2") subject "chad"',
        MultiSearch(
            (Scope(Filter.MAILBOXES, ("folder1",)), Scope(Filter.SUBTREE_ONE, ("folder2",))),
            Search(keys.Envelope("subject", "chad"), returning("ALL"), uid=True),
        ),
    ),
    (
        b"ESEARCH IN (selected) RETURN (SAVE) CHARSET UTF-8 ALL",
        MultiSearch((SELECTED,), Search(ALL, returning("SAVE"), uid=True, labelled=True)),
    ),
    (
        b"esearch in (personal subscribed inboxes subtree (a {1+}\r\nb)) return (count) all",
        MultiSearch(
            (
                Scope(Filter.PERSONAL),
                Scope(Filter.SUBSCRIBED),
                Scope(Filter.INBOXES),
                Scope(Filter.SUBTREE, ("a", "b")),
            ),
            Search(ALL, returning("COUNT"), uid=True),
        ),
    ),
]

RIGHT = [*SELECTING, *FETCHING, *SEARCHING, *SORTING, *EVERYWHERE]


@pytest.mark.parametrize(("line", "arguments"), RIGHT, ids=[repr(row[0])[2:60] for row in RIGHT])
def test_right(line: bytes, arguments: object) -> None:
    event = read(line)
    assert isinstance(event, Command), event
    assert event.arguments == arguments


WRONG = [
    b"SELECT a (QRESYNC)",
    b"SELECT a (QRESYNC ())",
    b"SELECT a (QRESYNC (7))",
    b"SELECT a (QRESYNC (0 9))",
    b"SELECT a (QRESYNC (7 0))",
    b"SELECT a (QRESYNC (7 9223372036854775808))",
    b"SELECT a (QRESYNC (4294967296 9))",
    b"SELECT a (QRESYNC (7 9 1:*))",
    b"SELECT a (QRESYNC (7 9 $))",
    b"SELECT a (QRESYNC (7 9 1 (1)))",
    b"SELECT a (QRESYNC (7 9 1 (1 *)))",
    b"SELECT a (QRESYNC (7 9  1))",
    b"SELECT a (QRESYNC (7 9 ))",
    b"SELECT a (QRESYNC (7 9)",
    b"SELECT a (CONDSTORE  QRESYNC (7 9))",
    b"SELECT a ",
    b"FETCH 1 FLAGS (CHANGEDSINCE 9 VANISHED)",
    b"UID FETCH 1 FLAGS (VANISHED)",
    b"UID FETCH 1 FLAGS (CHANGEDSINCE 9 CHANGEDSINCE 9)",
    b"UID FETCH 1 FLAGS (CHANGEDSINCE 9  VANISHED)",
    b"UID FETCH 1 FLAGS ()",
    b"UID FETCH 1 FLAGS  (VANISHED)",
    b"FETCH 1 FLAGS (PARTIAL 1:5)",
    b"UID FETCH 1 FLAGS (PARTIAL 0:5)",
    b"UID FETCH 1 FLAGS (PARTIAL 1:-5)",
    b"UID FETCH 1 FLAGS (PARTIAL 1:*)",
    b"UID FETCH 1 FLAGS (PARTIAL 5)",
    b"UID FETCH 1 FLAGS (PARTIAL 1:4294967296)",
    b"FETCH 1 BINARY",
    b"FETCH 1 BINARY[TEXT]",
    b"FETCH 1 BINARY[1.MIME]",
    b"FETCH 1 BINARY[0]",
    b"FETCH 1 BINARY[1.]",
    b"FETCH 1 BINARY[1",
    b"FETCH 1 BINARY.SIZE[1]<0.5>",
    b"FETCH 1 BINARY[1]<0.0>",
    b"FETCH 1 (PREVIEW (FUZZY))",
    b"FETCH 1 PREVIEW (FUZZY)",
    b"FETCH 1 PREVIEW(LAZY)",
    b"SEARCH RETURN (SAVE  COUNT) ALL",
    b"SEARCH RETURN (PARTIAL) ALL",
    b"SEARCH RETURN (PARTIAL 1:2 ALL) ALL",
    b"SEARCH RETURN (PARTIAL 1:2 PARTIAL 1:2) ALL",
    b"SEARCH RETURN (RELEVANCY) TEXT x",
    b"SEARCH RETURN (UPDATE ()) ALL",
    b"SEARCH FUZZY",
    b"SEARCH " + b"FUZZY " * 100 + b"SEEN",
    b"SEARCH SAVEDATESUPPORTED x",
    b"SEARCH SAVEDSINCE x",
    b"SEARCH UIDAFTER 0",
    b"SEARCH UIDBEFORE *",
    b"SORT",
    b"SORT (DATE)",
    b"SORT (DATE) UTF-8",
    b"SORT () UTF-8 ALL",
    b"SORT DATE UTF-8 ALL",
    b"SORT (FROB) UTF-8 ALL",
    b"SORT (REVERSE) UTF-8 ALL",
    b"SORT (REVERSE REVERSE DATE) UTF-8 ALL",
    b"SORT (DATE  FROM) UTF-8 ALL",
    b"SORT (DATE) UTF-7 ALL",
    b"SORT (RELEVANCY) UTF-8 ALL",
    b"SORT (DATE) CHARSET UTF-8 ALL",
    b"THREAD ORDEREDSUBJECT UTF-8",
    b"THREAD FROB UTF-8 ALL",
    b"THREAD RETURN () REFS UTF-8 ALL",
    b"CANCELUPDATE",
    b"CANCELUPDATE B01",
    b'CANCELUPDATE "B01"  "B02"',
    b"ESEARCH",
    b"ESEARCH IN () ALL",
    b"ESEARCH IN (selected-delayed) ALL",
    b"ESEARCH IN (frob) ALL",
    b"ESEARCH IN (mailboxes) ALL",
    b"ESEARCH IN (mailboxes ()) ALL",
    b"ESEARCH IN (personal (x 1)) ALL",
    b"ESEARCH IN (personal)",
    b"ESEARCH IN (personal) RETURN (SAVE) ALL",
    b"ESEARCH IN (selected personal) RETURN (UPDATE) ALL",
    b"ESEARCH IN (mailboxes (" + b" ".join(b"%d" % n for n in range(limits.IMAP_PATTERNS + 1)) + b")) ALL",
    b"ESEARCH IN (" + b" ".join([b"personal"] * (limits.IMAP_PATTERNS + 1)) + b") ALL",
    b"UID ESEARCH ALL",
]


@pytest.mark.parametrize("line", WRONG, ids=[repr(line)[2:60] for line in WRONG])
def test_wrong(line: bytes) -> None:
    assert isinstance(read(line), BadCommand)


def test_binary_sets_seen() -> None:
    event = read(b"FETCH 1 (BINARY[1] FLAGS)")
    assert isinstance(event, Command)
    assert isinstance(event.arguments, Fetch)
    assert event.arguments.sets_seen
    event = read(b"FETCH 1 (BINARY.PEEK[1] BINARY.SIZE[1])")
    assert isinstance(event, Command)
    assert isinstance(event.arguments, Fetch)
    assert not event.arguments.sets_seen


@pytest.mark.parametrize(
    ("first", "last", "count", "found"),
    [
        (1, 5, 9, [0, 1, 2, 3, 4]),
        (3, 5, 9, [2, 3, 4]),
        (8, 20, 9, [7, 8]),
        (10, 20, 9, []),
        (-1, -3, 9, [6, 7, 8]),
        (-2, -3, 9, [6, 7]),
        (-8, -20, 9, [0, 1]),
        (-10, -20, 9, []),
        (1, 1, 0, []),
        (-1, -1, 0, []),
    ],
)
def test_parts_of_results(first: int, last: int, count: int, found: list[int]) -> None:
    assert list(Partial(first, last).cut(count)) == found
