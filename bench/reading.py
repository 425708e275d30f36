"""A mailbox of ten thousand read, searched and listed by IMAP and POP3, first and again."""

import re
import time
from collections.abc import Iterator

from bench.clients import Imap, Pop3, Refused
from bench.corpus import EVERY_BODY, EVERY_SUBJECT, RARE_BODY, RARE_SUBJECT, corpus
from bench.load import Extent, Sample
from bench.machine import calm, measured
from bench.subject import Subject

WINDOW = 50  # messages appended without waiting
INDEXED = 120.0  # seconds a server may take to look at new mail behind the scenes before it is searched
BODIES = 1000
FETCHES = (
    ("flags, dates, sizes", "UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)"),
    ("envelopes, structures", "UID FETCH 1:* (UID FLAGS ENVELOPE BODYSTRUCTURE)"),
    ("4 header fields", "UID FETCH 1:* (UID BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE)])"),
)
SEARCHES = (
    ("UNSEEN", "UID SEARCH UNSEEN", 0),
    ("SUBJECT, rare word", f"UID SEARCH SUBJECT {RARE_SUBJECT}", EVERY_SUBJECT),
    ("BODY, rare word", f"UID SEARCH BODY {RARE_BODY}", EVERY_BODY),
    ("TEXT, rare word", f"UID SEARCH TEXT {RARE_BODY}", EVERY_BODY),
    ("FROM", "UID SEARCH FROM example", 0),
    ("SINCE", "UID SEARCH SINCE 1-Jan-2020", 0),
)
ORDERS = (("SORT DATE", "UID SORT (DATE) UTF-8 ALL"), ("THREAD REFERENCES", "UID THREAD REFERENCES UTF-8 ALL"))
NOOPS = 2000


def readings(subject: Subject, extent: Extent, number: int) -> Iterator[Sample]:
    """Fill a mailbox that was empty, then read it in every way; user and mailbox are new in each round."""
    yield from fill(subject, number, extent.messages)
    calm(subject, INDEXED)
    yield from _fetches(subject, number, extent)
    yield from _select(subject, number, extent)
    yield from _searches(subject, number, extent)
    yield from _orders(subject, number, extent)
    yield from _small(subject, number, extent)
    yield from _pop3(subject, number, extent)


def fill(subject: Subject, user: int, count: int) -> Iterator[Sample]:
    """Mixed mail into an INBOX that was empty."""
    messages = list(corpus(count))
    connection = Imap(subject, user)
    start = connection.messages()
    if start:
        raise Refused("the mailbox was not empty")
    with measured(subject) as use:
        begin = time.perf_counter()
        for at in range(0, count, WINDOW):
            tags = [connection.append(*message) for message in messages[at : at + WINDOW]]
            connection.wait(tags[-1])
        use.wall = time.perf_counter() - begin
    if connection.messages() != count:
        raise Refused("messages are missing")
    connection.close()
    yield Sample("APPEND of mixed mail, pipelined", count / use.wall, "msg/s", use)
    yield Sample("APPEND server CPU", use.server / count * 1e3, "ms/msg", use)


def timed(subject: Subject, connection: Imap, command: str, answers: int | None = None) -> Sample:
    """A nameless sample of how long a command takes, of which so many FETCH answers are due."""
    with measured(subject) as use:
        start = time.perf_counter()
        answer = connection.command(command)
        use.wall = time.perf_counter() - start
    if answers is not None and answer.count(b" FETCH (") < answers:
        raise Refused(f"{command}: {answer.count(b' FETCH (')} of {answers} answers")
    return Sample("", use.wall * 1e3, "ms", use)


def named(name: str, sample: Sample) -> Sample:
    """The sample with a name."""
    return Sample(name, sample.value, sample.unit, sample.use)


def _fetches(subject: Subject, user: int, extent: Extent) -> Iterator[Sample]:
    some = min(BODIES, extent.messages // 2)
    bodies = (f"{some:,} whole bodies", f"FETCH {some + 1}:{2 * some} (BODY.PEEK[])")
    for name, command in (*FETCHES, bodies):
        count = some if name == bodies[0] else extent.messages
        what = f"FETCH {name}" if name == bodies[0] else f"FETCH {count:,}: {name}"
        connection = Imap(subject, user)
        connection.command("SELECT INBOX")
        yield named(f"{what}, first", timed(subject, connection, command, count))
        for _ in range(extent.repeats):
            yield named(f"{what}, warm", timed(subject, connection, command, count))
        connection.close()


def _select(subject: Subject, user: int, extent: Extent) -> Iterator[Sample]:
    for _ in range(extent.repeats):
        logins, selects = 0.0, 0.0
        with measured(subject) as use:
            for _ in range(20):
                start = time.perf_counter()
                connection = Imap(subject, user)
                middle = time.perf_counter()
                connection.command("SELECT INBOX")
                logins, selects = logins + middle - start, selects + time.perf_counter() - middle
                connection.close()
        yield Sample("connect and LOGIN, known password", logins / 20 * 1e3, "ms", use)
        yield Sample(f"SELECT of {extent.messages:,}", selects / 20 * 1e3, "ms", use)


def _searches(subject: Subject, user: int, extent: Extent) -> Iterator[Sample]:
    connection = Imap(subject, user)
    connection.command("SELECT INBOX")
    for name, command, every in SEARCHES:
        answer = connection.command(command)
        found = len(re.findall(rb"\d+", bytes(answer).partition(b"\r\n")[0]))
        if every and found != len(range(500 if every == EVERY_SUBJECT else 77, extent.messages, every)):
            raise Refused(f"{command} found {found}")
        for _ in range(extent.repeats):
            yield named(f"SEARCH {name}, in {extent.messages:,}", timed(subject, connection, command))
    connection.close()


def _orders(subject: Subject, user: int, extent: Extent) -> Iterator[Sample]:
    for name, command in ORDERS:
        connection = Imap(subject, user)
        connection.command("SELECT INBOX")
        yield named(f"{name} of {extent.messages:,}, first", timed(subject, connection, command))
        for _ in range(extent.repeats):
            yield named(f"{name} of {extent.messages:,}, warm", timed(subject, connection, command))
        connection.close()


def _small(subject: Subject, user: int, extent: Extent) -> Iterator[Sample]:
    connection = Imap(subject, user)
    connection.command("SELECT INBOX")
    with measured(subject) as use:
        start = time.perf_counter()
        for _ in range(NOOPS):
            connection.command("NOOP")
        use.wall = time.perf_counter() - start
    yield Sample("NOOP round trips", NOOPS / use.wall, "/s", use)
    page = f"FETCH {extent.messages - 49}:{extent.messages} (UID FLAGS ENVELOPE)"
    for name, command in (("STATUS", "STATUS INBOX (MESSAGES UNSEEN)"), ("a page of 50 envelopes", page)):
        with measured(subject) as use:
            start = time.perf_counter()
            for _ in range(100):
                connection.command(command)
            use.wall = time.perf_counter() - start
        yield Sample(name, use.wall * 10, "ms", use)
    connection.close()


def _pop3(subject: Subject, user: int, extent: Extent) -> Iterator[Sample]:
    for _ in range(extent.repeats):
        with measured(subject) as use:
            start = time.perf_counter()
            connection = Pop3(subject, user)
            connection.say("STAT")
            connection.listing("UIDL")
            use.wall = time.perf_counter() - start
        yield Sample(f"POP3 login, STAT, UIDL of {extent.messages:,}", use.wall * 1e3, "ms", use)
        some = min(BODIES, extent.messages // 4)
        with measured(subject) as use:
            start = time.perf_counter()
            for message in range(1, some + 1):
                connection.listing(f"RETR {message}")
            use.wall = time.perf_counter() - start
        connection.say("QUIT")
        connection.close()
        yield Sample("POP3 RETR, one after the other", some / use.wall, "msg/s", use)
