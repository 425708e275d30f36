"""IMAP under attack: literals, nesting, sets, patterns and sections without end, and other people's mail."""

import pytest

from pillarbox.core.limits import IMAP_ERRORS, IMAP_LINE, IMAP_LITERAL_SMALL
from tests.attacks.house import ATTACKER, MESSAGE_SIZE, VANDAL, VICTIM, House
from tests.attacks.peer import Peer
from tests.server import DOMAIN, PASSWORD

_MEGABYTE = 1 << 20
_ROOM = 60 * _MEGABYTE  # what an attack may make the server grow by while it lasts


def _lives(house: House) -> None:
    """Somebody else is still served."""
    with house.imap(VICTIM) as peer:
        assert b"x OK" in peer.command(b"NOOP")


@pytest.mark.parametrize(
    "line",
    [
        b"x LOGIN {99999999999}", b"x LOGIN {99999999999+}", b"x LOGIN {-1}", b"x LOGIN {9223372036854775808+}",
        b"x LOGIN {12289+}", b"x {5+}", b"{5+}", b"x APPEND INBOX {5+}", b"x APPEND {100000}", b"x LOGIN ~{5}",
        b"x LOGIN {0+}", b"x LOGIN {}", b"x LOGIN {+}", b"x LOGIN {00000000000000000005+}", b"x LOGIN {5+}{5+}",
    ],
)  # fmt: skip
def test_strangers_have_no_room_for_literals(house: House, line: bytes) -> None:
    with house.peer("imap") as peer:
        peer.line()
        peer.say(line)
        peer.send(b"y" * 100_000)
        peer.say(b"", b"z LOGOUT")
        peer.finish()
        said = peer.rest()
    assert b"x OK" not in said
    _lives(house)


@pytest.mark.parametrize(
    "text",
    [
        b"SEARCH SUBJECT {%d}" % (IMAP_LITERAL_SMALL + 1), b"SEARCH SUBJECT {99999999999}",
        b"APPEND INBOX {%d}" % (MESSAGE_SIZE + 1), b"APPEND INBOX {9223372036854775807}", b"CREATE {2000000}",
        b"APPEND INBOX {0}", b"APPEND INBOX {99999999999999999999}", b"LIST {5000000} x",
    ],
)  # fmt: skip
def test_literals_too_large_are_refused_before_they_come(house: House, text: bytes) -> None:
    with house.imap() as peer:
        peer.say(b"x " + text)
        assert peer.line().startswith((b"x NO", b"x BAD"))
        assert b"y OK" in peer.command(b"NOOP", b"y")


def test_a_literal_too_large_that_comes_anyway_is_dropped(house: House) -> None:
    before = house.rss()
    with house.imap() as peer:
        peer.say(b"x APPEND INBOX {30000000+}")
        for _ in range(30):
            peer.send(b"y" * 1_000_000)
        peer.say(b"", b"y NOOP")
        assert b"x NO" in peer.until(b"y ")
    assert house.rss() - before < _ROOM


@pytest.mark.parametrize(
    "text",
    [
        b"SEARCH " + b"(" * 5000 + b"ALL" + b")" * 5000, b"SEARCH " + b"NOT " * 5000 + b"ALL",
        b"SEARCH " + b"OR ALL " * 5000 + b"ALL", b"SEARCH " + b"OR " * 5000 + b"ALL " * 5001, b"FETCH 1 " + b"(" * 5000,
        b"LIST (" * 5000, b'LIST "" ' + b"(" * 5000, b"STORE 1 FLAGS " + b"(" * 5000, b"ID " + b"(" * 5000,
        b"FETCH 1 (BODY[" + b"1." * 5000 + b"1])", b"SEARCH " + b"1:*," * 30_000 + b"1",
    ],
)  # fmt: skip
def test_depth_is_refused(house: House, text: bytes) -> None:
    with house.imap() as peer:
        said = peer.command(text)
        assert said.rpartition(b"\r\n")[2].startswith((b"x BAD", b"x NO", b"* BAD")), said[-200:]
        assert b"SERVERBUG" not in said
        assert b"y OK" in peer.command(b"NOOP", b"y")


def _wide(house: House) -> None:
    for number in range(30):
        house.append(b"Subject: wide %d\r\n\r\n" % number + b"word " * 200)


@pytest.mark.parametrize(
    "text",
    [
        b"SEARCH " + b" ".join([b"ALL"] * 16_000), b"SEARCH " + b" ".join([b"UNSEEN"] * 9000),
        b"SEARCH " + b" ".join(b"SUBJECT s%d" % n for n in range(4500)),
        b"SEARCH " + b" ".join(b"NOT TEXT t%d" % n for n in range(4000)),
        b"SEARCH " + b" ".join(b"KEYWORD k%d" % n for n in range(4000)),
        b"SEARCH " + b" ".join(b"OR BODY b%d BODY c%d" % (n, n) for n in range(2500)),
        b"SEARCH " + b",".join(b"%d" % n for n in range(1, 20_000, 2))[:60_000].rpartition(b",")[0],
        b"SEARCH UID " + b",".join(b"%d" % n for n in range(1, 20_000, 2))[:60_000].rpartition(b",")[0],
        b"SEARCH NOT UID " + b",".join(b"%d" % n for n in range(1, 20_000, 2))[:60_000].rpartition(b",")[0],
        b"SEARCH " + b"NOT " * 40 + b"SUBJECT x", b"SEARCH MODSEQ 9223372036854775807", b"SEARCH LARGER 4294967296",
        b"SEARCH YOUNGER 9223372036854775807", b"SEARCH OLDER 9223372036854775807", b"SEARCH SINCE 1-Jan-0001",
        b"SEARCH SENTBEFORE 31-Dec-9999", b"SEARCH HEADER " + b"x" * 50_000 + b" y", b"SEARCH SUBJECT " + b"x" * 60_000,
        b'SEARCH SUBJECT "%_\\\\*"', b"SEARCH EMAILID M0 THREADID T0", b"SEARCH EMAILID " + b"M" * 5000,
        b'SEARCH CHARSET UTF-8 TEXT "a\\"b OR c* NEAR(d)"', b'SEARCH TEXT "\' OR 1=1 --"',
        b"FETCH 1 BODY.PEEK[HEADER.FIELDS (" + b" ".join(b"F%d" % n for n in range(9000)) + b")]",
        b"FETCH 1:* (" + b" ".join(b"BODY.PEEK[%d.1.1.1]" % n for n in range(1, 2800)) + b")",
        b"FETCH 1 BODY.PEEK[]<9223372036854775807.1>", b"FETCH 1 BODY.PEEK[]<0.9223372036854775807>",
        b"FETCH 1 BODY.PEEK[999999999.MIME]", b"FETCH 4294967295 FLAGS", b"UID FETCH 4294967295:* FLAGS",
        b"UID FETCH 1:4294967295 (FLAGS) (CHANGEDSINCE 9223372036854775807)", b"UID FETCH 4294967295 BODY.PEEK[]",
        b"UID STORE 1:* (UNCHANGEDSINCE 9223372036854775807) +FLAGS ()", b"STORE 1 +FLAGS (" + b"k" * 300 + b")",
        b"STORE 1 +FLAGS (" + b" ".join(b"k%d" % n for n in range(500)) + b")", b"UID COPY 1:* Nowhere",
        b"UID EXPUNGE 4294967295", b"ENABLE " + b"X" * 5000, b"ID (" + b'"a" "b" ' * 40 + b")",
    ],
    ids=lambda text: text[:40].decode(),
)  # fmt: skip
def test_width_is_borne(house: House, text: bytes) -> None:
    with house.imap() as peer:
        if b"EXISTS" in (said := peer.command(b"SELECT INBOX")) and int(said.split(b" EXISTS")[0].split()[-1]) < 30:
            _wide(house)
            peer.command(b"SELECT INBOX")
        before = house.rss()
        said = peer.command(text)
        assert said.rpartition(b"\r\n")[2].startswith(b"x "), said[-200:]
        assert b"SERVERBUG" not in said and b"UNAVAILABLE" not in said, said[-300:]
        assert house.rss() - before < _ROOM
        assert b"y OK" in peer.command(b"NOOP", b"y")


def test_many_pieces_of_a_message_are_not_gathered_in_memory(house: House) -> None:
    uids = [house.append(b"Subject: piece %d\r\n\r\n" % n + b"y" * 60_000) for n in range(8)]
    items = b" ".join(b"BODY.PEEK[]<0.%d>" % (60_000 - n) for n in range(490))
    before = top = house.rss()
    with house.imap() as peer:
        peer.say(b"x UID FETCH %d:%d (" % (uids[0], uids[-1]) + items + b")")
        for _ in range(30):
            assert peer.exactly(2_000_000)
            top = max(top, house.rss())
    assert top - before < _ROOM, (top - before) >> 20
    _lives(house)


def test_what_is_kept_of_headers_is_not_gathered_in_memory_either(house: House) -> None:
    head = b"Subject: " + b"y" * 900 + b"\r\nTo: " + b"a" * 900 + b"@b.test\r\n\r\n"
    with house.imap(VANDAL) as peer:
        for _ in range(150):
            peer.send(b"a APPEND INBOX {%d+}\r\n" % len(head) + head + b"\r\n")
        peer.command(b"NOOP")
        peer.command(b"SELECT INBOX")
        items = b" ".join(b"BODY.PEEK[HEADER.FIELDS (SUBJECT TO A%d)]" % n for n in range(490))
        before = top = house.rss()
        peer.say(b"x FETCH 1:* (" + items + b")")
        for _ in range(40):
            assert peer.exactly(2_000_000)
            top = max(top, house.rss())
    assert top - before < _ROOM, (top - before) >> 20


def test_headers_chosen_a_thousand_times_hold_up_nobody(house: House) -> None:
    uid = house.append(b"".join(b"X-%d: y\r\n" % n for n in range(4000)) + b"\r\nbody")
    items = b" ".join(b"BODY.PEEK[HEADER.FIELDS (A%d)]" % n for n in range(400))
    with house.imap() as peer, house.imap(VICTIM) as other:
        peer.say(b"x UID FETCH %d (" % uid + items + b")")
        assert b"x OK" in other.command(b"NOOP")
        assert b"x OK" in peer.until(b"x ")


@pytest.mark.parametrize(
    "pattern", [b"*%" * 5000, b"*a" * 5000, b"%" * 10_000, b"*" * 60_000, b"%/" * 4000, b"*%*%*a%b" * 500]
)
def test_patterns_are_matched_without_backtracking(house: House, pattern: bytes) -> None:
    with house.imap() as peer:
        name = b"/".join([b"a" * 200] * 15)
        peer.command(b"CREATE " + name)
        for verb in (b'LIST "" ', b'LSUB "" '):
            said = peer.command(verb + pattern)
            assert said.rpartition(b"\r\n")[2].startswith(b"x "), said[-200:]
        said = peer.command(b'LIST "" (' + b" ".join([pattern[:600]] * 99) + b")")
        assert b"SERVERBUG" not in said
        assert b"y OK" in peer.command(b"NOOP", b"y")
        for depth in range(15, 0, -1):
            assert b"y OK" in peer.command(b"DELETE " + b"/".join([b"a" * 200] * depth), b"y")


_NAMES = (
    b"..", b"../../etc", b"/etc/passwd", b"a/../b", b"//", b"a//b", b"/", b'""', b'"a\\"b"', b'"a\tb"', b"x" * 256,
    b"a/" * 30 + b"a", b"&AAA-", b"&AAoADQ-", b"&2AA-", b"&3AA-", b"&AC8-", b"&AGE-", b"&-&-", b"&", b"&Jjo", b"&!!!-",
    b"&AOk", b"{3+}\r\na\0b", b"{3+}\r\na\rb", b"{3+}\r\na\nb", b"{2+}\r\n\xff\xfe", b"&IC4-", b"&IKg-", b"INBOX",
    b"inbox", b"&ACY-", b"*", b"%", b"\\x", b"(x)", b"{1000+}\r\n" + b"z" * 1000, b"&ICggKQ-", b"&3//f,w-", b"a b",
)  # fmt: skip


@pytest.mark.parametrize("name", _NAMES)
def test_names_of_mailboxes_do_no_harm(house: House, name: bytes) -> None:
    with house.imap(VANDAL) as peer:
        for verb in (b"CREATE ", b"STATUS ", b"SUBSCRIBE ", b"RENAME Drafts ", b"RENAME "):
            more = b" (MESSAGES)" if verb == b"STATUS " else b" Other" if verb == b"RENAME " else b""
            said = peer.command(verb + name + more)
            assert b"SERVERBUG" not in said, said
        listed = peer.command(b'LIST "" *')
        assert not any(octet < 32 and octet not in b"\r\n" for octet in listed)
        names = [line.partition(b'"/" ')[2] for line in listed.split(b"\r\n") if line.startswith(b"* LIST")]
        for made in sorted(names, reverse=True):
            assert not made.startswith(b"{")
            peer.command(b"DELETE " + made)


@pytest.mark.parametrize(
    "text",
    [b"SELECT INBOX", b"FETCH 1 BODY[]", b"CREATE x", b'LIST "" *', b"IDLE", b"UID FETCH 1:* FLAGS", b"EXPUNGE",
     b"ENABLE CONDSTORE", b"CLOSE", b"NAMESPACE", b"STATUS INBOX (MESSAGES)", b"SEARCH ALL",
     b"APPEND INBOX {5+}\r\nabcde"],
)  # fmt: skip
def test_strangers_get_nothing(house: House, text: bytes) -> None:
    with house.peer("imap") as peer:
        peer.line()
        said = peer.command(text)
        assert said.startswith((b"x BAD", b"x NO")), said


def test_what_comes_behind_starttls_in_clear_is_forgotten(house: House) -> None:
    with house.peer("imap") as peer:
        peer.line()
        peer.say(
            b"x STARTTLS", b"y LOGIN " + ATTACKER.encode() + b" " + PASSWORD.encode(), b"z SELECT INBOX", b"w {5+}"
        )
        assert peer.line().startswith(b"x OK")
        peer.start_tls()
        assert peer.command(b"SELECT INBOX").startswith(b"x BAD")
        assert peer.command(b"STARTTLS").startswith(b"x BAD")


def test_guessing_tells_nothing(house: House) -> None:
    def guess(login: bytes, password: bytes = b"wrong-guess-2") -> bytes:
        with house.peer("imap", "127.0.0.12") as peer:
            peer.line()
            peer.say(b"x LOGIN {%d+}" % len(login), login + b" {%d+}" % len(password), password)
            return peer.until(b"x ")

    answers = {guess(VICTIM.encode()), guess(b"nobody@talk.test"), guess(b"\xf0\x9f\x92\xa3@talk.test"),
               guess(b"x" * 4000 + b"@talk.test"), guess(VICTIM.encode(), b"y" * 4000), guess(b"a@b@c"),
               guess(b"victim+x@talk.test", PASSWORD.encode())}  # fmt: skip
    assert len(answers) == 1 and answers.pop().startswith(b"x NO [AUTHENTICATIONFAILED]")


def test_guessing_is_slowed_for_the_guesser_alone(house: House) -> None:
    peers = [house.peer("imap", "127.0.0.13") for _ in range(16)]
    for number, peer in enumerate(peers):
        peer.line()
        peer.say(b"x LOGIN victim@%s guess%d" % (DOMAIN.encode(), number))
    _lives(house)
    said = [peer.until(b"x ") for peer in peers]
    assert all(line.startswith(b"x NO") for line in said)
    for peer in peers:
        peer.close()


def test_errors_end_the_connection(house: House) -> None:
    with house.peer("imap") as peer:
        peer.send(b"\0\xff{{{\r\n" * 500)
        said = peer.rest()
    assert b"* BYE" in said and said.count(b"\r\n") < IMAP_ERRORS + 5


def test_a_line_without_end_is_not_kept(house: House) -> None:
    before = house.rss()
    with house.imap() as peer:
        for _ in range(30):
            peer.send(b"x" * 1_000_000)
        peer.say(b"", b"y NOOP")
        assert b"BAD" in peer.until(b"y ")
    with house.peer("imap") as peer:
        for _ in range(30):
            peer.send(b"x" * 1_000_000)
        peer.say(b"", b"y LOGOUT")
        assert b"BAD" in peer.rest()
    assert house.rss() - before < _ROOM
    assert IMAP_LINE < _MEGABYTE


def test_ten_thousand_commands_at_once(house: House) -> None:
    before = house.rss()
    with house.imap() as peer:
        peer.send(b"".join(b"t%d NOOP\r\n" % number for number in range(10_000)))
        peer.say(b"x NOOP")
        assert peer.until(b"x ").count(b" OK ") == 10_001
    assert house.rss() - before < _ROOM


def test_an_append_that_stops_leaves_nothing(house: House) -> None:
    spool = house.server.folder / "data" / "spool"
    before = set(spool.glob("*"))
    with house.imap() as peer:
        peer.say(b"x APPEND INBOX {1900000+}")
        peer.send(b"Subject: torso\r\n\r\n" + b"y" * 1_500_000)
        peer.say(b"")
    with house.imap() as peer:
        assert b"torso" not in peer.command(b"UID FETCH * BODY.PEEK[HEADER]")
    _lives(house)
    assert set(spool.glob("*")) <= before


def test_ids_of_others_lead_nowhere(house: House) -> None:
    house.append(b"Subject: private\r\n\r\nsecret words", VICTIM)
    with house.imap(VICTIM) as peer:
        said = peer.command(b"UID FETCH * (EMAILID THREADID)")
        email, thread = (said.split(word + b" (")[1].split(b")")[0] for word in (b"EMAILID", b"THREADID"))
    with house.imap() as peer:
        for key in (
            b"EMAILID " + email,
            b"THREADID " + thread,
            b'TEXT "secret words"',
            b"OR EMAILID " + email + b" NOT ALL",
        ):
            assert b"* SEARCH\r\n" in peer.command(b"SEARCH " + key) + b"\r\n"
        for name in (
            b"victim",
            VICTIM.encode(),
            b"user/victim/INBOX",
            b"~victim/INBOX",
            b"#user/victim",
            b"../victim/INBOX",
        ):
            assert peer.command(b'STATUS "' + name + b'" (MESSAGES)').startswith((b"x NO", b"x BAD"))


def test_somebody_who_never_reads_does_not_fill_the_memory(house: House) -> None:
    idler = house.imap()
    idler.say(b"i IDLE")
    idler.line()
    before = house.rss()
    greedy = [house.imap() for _ in range(5)]
    for peer in greedy:
        peer.send(b"".join(b"t%d UID FETCH 1:* (BODY.PEEK[] ENVELOPE BODYSTRUCTURE)\r\n" % n for n in range(200)))
    for number in range(60):
        house.append(b"Subject: pour %d\r\n\r\n" % number + b"y" * 2000)
    _lives(house)
    assert house.rss() - before < _ROOM
    for peer in (idler, *greedy):
        peer.close()


def test_pieces_of_a_multiple_append_are_bounded(house: House) -> None:
    before = top = house.rss()
    with house.imap() as peer:
        piece = b"Subject: p\r\n\r\n" + b"y" * 900_000
        peer.send(b"x APPEND INBOX")
        for _ in range(150):
            peer.send(b" {%d+}\r\n" % len(piece) + piece)
            top = max(top, house.rss())
    assert top - before < 2 * _ROOM, (top - before) >> 20
    _lives(house)


def test_mailboxes_have_a_limit(house: House) -> None:
    with house.imap() as peer:
        peer.send(b"".join(b"t%d CREATE deep%d/%s\r\n" % (n, n, b"/".join([b"d"] * 25)) for n in range(20)))
        peer.say(b"x NOOP")
        assert b" OK " not in peer.until(b"x ").rpartition(b"\r\n")[0]


def test_peers_that_stall_hold_up_nobody(house: House) -> None:
    before = house.rss()
    peers: list[Peer] = []
    for number in range(300):
        peer = house.peer(("imap", "smtp", "pop3", "submission")[number % 4])
        peer.send(b"x"[: number % 2])
        peers.append(peer)
    _lives(house)
    with house.smtp() as other:
        assert other.ask(b"NOOP").startswith(b"250")
    assert house.rss() - before < _ROOM
    for peer in peers:
        peer.close()
