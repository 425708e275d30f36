"""IMAP's extensions under attack: width and depth, bombs of DEFLATE, floods of what is watched, what is of others."""

import zlib
from collections.abc import Iterator

import pytest

from pillarbox.core.limits import IMAP_CONTEXTS, METADATA_ENTRIES, METADATA_VALUE
from tests.attacks.house import ATTACKER, VANDAL, VICTIM, House
from tests.attacks.peer import Peer
from tests.server import PASSWORD
from tests.wire.imap.test_everything import HOSTILE

_ROOM = 60 << 20  # octets an attack may make the server grow by while it lasts


def _lives(house: House) -> None:
    """Somebody else is still served."""
    with house.imap(VICTIM) as peer:
        assert b"x OK" in peer.command(b"NOOP")


def _filled(house: House, who: str = ATTACKER, count: int = 40) -> None:
    """INBOX has some mail."""
    with house.imap(who) as peer:
        for number in range(count):
            octets = b"Subject: Re: filled %d\r\nFrom: a%d@b.test\r\n\r\nsome words\r\n" % (number % 7, number % 5)
            peer.send(b"a APPEND INBOX {%d+}\r\n" % len(octets) + octets + b"\r\n")
        assert b"x OK" in peer.command(b"NOOP")


@pytest.mark.parametrize("line", HOSTILE, ids=lambda line: f"{line[:24]!r}-{len(line)}")
def test_whatever_a_command_holds_it_is_answered(house: House, line: bytes) -> None:
    before = house.rss()
    with house.imap() as peer, house.imap(VICTIM) as other:
        peer.send(b"x " + line + b"\r\n")
        assert b"x OK" in other.command(b"NOOP")
        said = peer.until(b"x ")
        assert b"SERVERBUG" not in said and b"UNAVAILABLE" not in said, said[-300:]
        assert peer.ended or b"y OK" in peer.command(b"NOOP", b"y")
    assert house.rss() - before < _ROOM


@pytest.mark.parametrize(
    "text",
    [
        b"UID FETCH 1:* (PREVIEW PREVIEW SAVEDATE BINARY.SIZE[1] BINARY.PEEK[1]<0.1> EMAILID)",
        b"UID FETCH 1:* (FLAGS) (PARTIAL -1:-4294967295)",
        b"UID FETCH 1:* (FLAGS) (PARTIAL 4294967295:4294967295)",
        b"SEARCH RETURN (PARTIAL 4294967295:4294967295) ALL",
        b"SEARCH RETURN (PARTIAL -1:-4294967295) ALL",
        b"SORT RETURN (MIN MAX ALL COUNT PARTIAL 1:1) (REVERSE SUBJECT REVERSE FROM SIZE) UTF-8 ALL",
        b"SORT (RELEVANCY) UTF-8 FUZZY TEXT " + b"w" * 5000,
        b'SEARCH FUZZY TEXT "' + b"a b " * 5000 + b'"',
        b"THREAD REFERENCES UTF-8 ALL",
        b"THREAD REFS UTF-8 NOT UID 4294967295",
        b"UIDBATCHES 1",
        b"UIDBATCHES 4294967295",
        b"UIDBATCHES 500 1:4294967295",
        b'ESEARCH IN (personal subtree "") ALL',
        b"ESEARCH IN (subtree-one *) SEEN",
        b'GETMETADATA (DEPTH infinity MAXSIZE 0) "" /private',
        b"GETMETADATA (DEPTH infinity) * /shared",
        b'LIST "" * RETURN (METADATA (/private/x /shared/y) MYRIGHTS STATUS (SIZE) CHILDREN SPECIAL-USE)',
        b'LIST (RECURSIVEMATCH SUBSCRIBED SPECIAL-USE) "" (% * */* %/%) RETURN (SUBSCRIBED)',
        b'GETQUOTAROOT ""',
        b'SETQUOTA "" (STORAGE 9223372036854775807)',
        b"SETACL INBOX nobody@else.test lr",
        b"LISTRIGHTS INBOX anyone",
        b'SETACL INBOX "-" l',
        b"SETACL INBOX anyone -lrswipkxtea",
        b"DELETEACL INBOX anyone",
        b"REPLACE 99999 INBOX {1+}\r\nx",
        b"UID REPLACE 4294967295 INBOX {1+}\r\nx",
        b"REPLACE * Nowhere {1+}\r\nx",
        b'APPEND INBOX CATENATE (URL "/")',
        b'APPEND INBOX CATENATE (URL "/INBOX;UID=4294967295")',
        b'APPEND INBOX CATENATE (URL "imap://victim@else.test/INBOX;UID=1")',
        b'APPEND INBOX CATENATE (URL "/INBOX/;UID=1/;SECTION=1.2.3.4.5.6.7.8.9.TEXT")',
        b"APPEND INBOX CATENATE ()",
        b"COMPRESS ZSTD",
        b'NOTIFY SET (selected (MessageNew MessageExpunge FlagChange)) (subtree "" (MessageNew MessageExpunge))',
        b'CANCELUPDATE "nosuch"',
        b"GETJMAPACCESS",
        b"ENABLE QRESYNC UIDONLY IMAP4rev2 UTF8=ACCEPT CONDSTORE",
        b"SELECT INBOX (QRESYNC (1 9223372036854775807))",
        b"EXAMINE INBOX (QRESYNC (4294967295 1 1:4294967295))",
        b"SEARCH $ NOT $ UID $",
        b"FETCH $ (FLAGS)",
        b"STORE $ +FLAGS (\\Deleted)",
        b"MOVE $ Nowhere",
    ],
    ids=lambda text: text[:50].decode(),
)
def test_odd_arguments_find_no_bug(house: House, text: bytes) -> None:
    with house.imap(VANDAL) as peer:
        said = peer.command(text)
        assert b"SERVERBUG" not in said and b"UNAVAILABLE" not in said, said[-300:]
        assert b"y OK" in peer.command(b"NOOP", b"y")


def test_a_bomb_of_deflate_is_no_more_than_what_it_holds(house: House) -> None:
    before = top = house.rss()
    for inside in (
        b"x" * (1 << 20),
        b"a NOOP\r\n" * (1 << 17),
        b"a SEARCH " + b"(" * 1000,
        b"a APPEND INBOX {1000000+}\r\n",
    ):
        with house.imap() as peer:
            assert peer.command(b"COMPRESS DEFLATE").startswith(b"x OK")
            packer = zlib.compressobj(9, zlib.DEFLATED, -15)
            for _ in range(200):  # as much as 200 MB, in a few hundred KB; nobody reads the answers
                peer.send(packer.compress(inside) + packer.flush(zlib.Z_SYNC_FLUSH))
                top = max(top, house.rss())
            _lives(house)
    assert top - before < 2 * _ROOM, (top - before) >> 20


@pytest.mark.parametrize("octets", [b"\0" * 5000, b"\xff" * 5000, b"a NOOP\r\n" * 100, b"\x78\x9c" + b"\1" * 50])
def test_what_is_not_deflate_ends_the_connection(house: House, octets: bytes) -> None:
    with house.imap() as peer:
        peer.command(b"COMPRESS DEFLATE")
        peer.send(octets)
        peer.finish()
        peer.rest()
    _lives(house)


def _changes(house: House, count: int) -> Iterator[bytes]:
    """Somebody changes flags and mailboxes again and again."""
    with house.imap(VANDAL) as peer:
        for number in range(count):
            sign = b"+" if number % 2 else b"-"
            peer.send(b"a STORE 1:* %bFLAGS.SILENT (\\Flagged k%d)\r\n" % (sign, number % 50))
            peer.send(b"b CREATE flood/%d\r\nc DELETE flood/%d\r\n" % (number % 9, number % 9))
            yield peer.command(b"NOOP")


def test_floods_of_what_is_watched_are_bounded(house: House) -> None:
    _filled(house, VANDAL)
    events = b"MessageNew (UID FLAGS BODY.PEEK[]) MessageExpunge FlagChange"
    watch = (
        b"w NOTIFY SET STATUS (selected (%b)) (personal (MailboxName SubscriptionChange MessageNew MessageExpunge"
        b" FlagChange))\r\n" % events
    )
    before = top = house.rss()
    watchers = [house.imap(VANDAL) for _ in range(20)]
    for peer in watchers:
        peer.send(watch + b"v IDLE\r\n")  # and none of them reads what it is told
    for said in _changes(house, 150):
        assert b"x OK" in said
        top = max(top, house.rss())
    _lives(house)
    assert top - before < _ROOM, (top - before) >> 20
    for peer in watchers:
        peer.close()


def test_contexts_are_counted(house: House) -> None:
    _filled(house, VANDAL)
    with house.imap(VANDAL) as peer:
        for number in range(IMAP_CONTEXTS + 5):
            said = peer.command(b"SEARCH RETURN (UPDATE CONTEXT ALL) NOT KEYWORD k%d" % number, b"c%d" % number)
            assert said.rpartition(b"\r\n")[2].startswith(b"c%d OK" % number), said
            assert (b"NOUPDATE" in said) is (number >= IMAP_CONTEXTS), (number, said)
        before = house.rss()
        for said in _changes(house, 40):
            assert b"x OK" in said
        assert b"x OK" in peer.command(b"NOOP")
    assert house.rss() - before < _ROOM


def test_notes_have_their_bounds(house: House) -> None:
    with house.imap(VANDAL) as peer:
        large = METADATA_VALUE + 1
        said = peer.command(b"SETMETADATA INBOX (/private/large ~{%d+}\r\n" % large + b"\0" * large + b")")
        assert b"x NO [METADATA MAXSIZE" in said
        for number in range(METADATA_ENTRIES + 5):
            said = peer.command(b'SETMETADATA INBOX (/private/vendor/v/e%d "x")' % number)
            last = said.rpartition(b"\r\n")[2]
            assert last.startswith(b"x OK" if number < METADATA_ENTRIES - 2 else b"x "), (number, said)
        assert b"METADATA TOOMANY" in said
        assert b"x OK" in peer.command(b"GETMETADATA (DEPTH infinity) INBOX /private")


def test_notes_and_mailboxes_of_others_are_not_there(house: House) -> None:
    with house.imap(VICTIM) as peer:
        assert b"x OK" in peer.command(b'SETMETADATA INBOX (/private/comment "secret note" /shared/comment "for some")')
    names = (
        f'"Other Users/{VICTIM}/INBOX"',
        f'"Other Users/{VICTIM}"',
        f'"Other Users/{VICTIM}/"',
        f'"Other Users/{VICTIM}/%"',
        f'"other users/{VICTIM}/INBOX"',
        f'"Other Users/{VICTIM}/../{VICTIM}/INBOX"',
        '"Other Users//INBOX"',
        '"Other Users"',
    )
    with house.imap() as peer:
        for name in (one.encode() for one in names):
            for text in (
                b"SELECT %b",
                b"STATUS %b (MESSAGES)",
                b"GETMETADATA %b /shared/comment",
                b"GETACL %b",
                b"MYRIGHTS %b",
                b"LISTRIGHTS %b anyone",
                b"SETACL %b anyone lr",
                b"SUBSCRIBE %b",
                b"CREATE %b/x",
                b"DELETE %b",
                b"RENAME %b x",
                b"COPY 1 %b",
                b"APPEND %b {1+}\r\nx",
                b'SETMETADATA %b (/shared/comment "mine")',
            ):
                said = peer.command(text % name)
                assert said.rpartition(b"\r\n")[2].startswith((b"x NO", b"x BAD")), (text % name, said)
                assert b"secret note" not in said and b"for some" not in said
                if text.startswith(b"SELECT"):
                    peer.command(b"SELECT INBOX")
        for text in (
            b'LIST "" "Other Users/*"',
            b'ESEARCH IN (subtree "Other Users") ALL',
            b'GETMETADATA (DEPTH infinity) "*" /shared',
        ):
            assert VICTIM.encode() not in peer.command(text)
    with house.imap(VICTIM) as peer:
        assert b"for some" in peer.command(b"GETMETADATA INBOX /shared/comment")


def test_logging_in_again_and_again_leaves_nothing_behind(house: House) -> None:
    before = house.rss()
    with house.imap() as peer:
        for _ in range(200):
            peer.send(b"a SEARCH RETURN (SAVE) ALL\r\nb NOTIFY SET (selected (MessageNew MessageExpunge))\r\n")
            assert b"x OK" in peer.command(b"UNAUTHENTICATE")
            assert b"x BAD" in peer.command(b"FETCH 1 FLAGS")
            assert b"x OK" in peer.command(f"LOGIN {ATTACKER} {PASSWORD}".encode())
            assert b"x BAD" in peer.command(b"FETCH 1 FLAGS")
            assert b"x OK" in peer.command(b"SELECT INBOX")
            if peer.ended:
                break
    assert house.rss() - before < _ROOM
    _lives(house)


def test_parts_that_multiply_are_too_large(house: House) -> None:
    uid = house.append(b"Subject: part\r\n\r\n" + b"y" * 900_000, VANDAL)
    before = top = house.rss()
    with house.imap(VANDAL) as peer:
        url = b'URL "/INBOX/;UID=%d"' % uid
        for count in (10, 200, 2000):
            said = peer.command(b"APPEND INBOX CATENATE (" + b" ".join([url] * count) + b")")
            assert said.rpartition(b"\r\n")[2].startswith(b"x NO [TOOBIG"), said[-200:]
            top = max(top, house.rss())
    assert top - before < _ROOM


@pytest.mark.parametrize(
    "text",
    [
        b"SORT (REVERSE SUBJECT) UTF-8 ALL",
        b"THREAD REFERENCES UTF-8 ALL",
        b"UID FETCH 1:* (PREVIEW BINARY.PEEK[])",
        b'LIST "" * RETURN (STATUS (MESSAGES SIZE UNSEEN) METADATA (/private/x) MYRIGHTS)',
        b'ESEARCH IN (personal) TEXT "words"',
        b"SEARCH RETURN (SAVE ALL) TEXT some",
        b"SELECT INBOX (QRESYNC (1 1))",
    ],
    ids=lambda text: text[:20].decode(),
)
def test_thousands_of_commands_whose_answers_nobody_reads(house: House, text: bytes) -> None:
    _filled(house, VANDAL, 20)
    before = house.rss()
    greedy: list[Peer] = []
    for _ in range(4):
        peer = house.imap(VANDAL)
        peer.send(b"e ENABLE QRESYNC\r\n" + b"".join(b"t%d %b\r\n" % (n, text) for n in range(2000)))
        greedy.append(peer)
    _lives(house)
    assert house.rss() - before < _ROOM
    for peer in greedy:
        peer.close()


def test_literals_that_never_come_hold_up_nobody(house: House) -> None:
    before = house.rss()
    peers = []
    for number in range(120):
        peer = house.imap(VANDAL)
        start = (b"SEARCH SUBJECT {900000}", b"APPEND INBOX {1900000}", b"SETMETADATA INBOX (/private/x ~{60000}")[
            number % 3
        ]
        peer.say(b"x " + start)
        assert peer.line().startswith(b"+")
        peer.send(b"y" * 20_000)
        peers.append(peer)
    _lives(house)
    assert house.rss() - before < _ROOM
    for peer in peers:
        peer.close()
