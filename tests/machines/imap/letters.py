"""Small messages of which every part is known, so that what SEARCH and SORT should find can be worked out here."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hypothesis import strategies as st

_serials = itertools.count(1)
_SUBJECTS = (
    ("Hello", "Hello"),
    ("Re: Hello", "Re: Hello"),
    ("Grüße", "=?utf-8?q?Gr=C3=BC=C3=9Fe?="),
    ("[list] quarterly figures", "[list] quarterly\r\n figures"),
    ("", ""),
)
_SENDERS = (("Ann Smith", "ann@one.test"), ("Bob", "bob@two.test"), ("", "carol@three.test"))
_BODIES = ("red apple\r\n", "a green pear, and a red one\r\n", "caf\u00e9 au lait\r\n", "", "word " * 300 + "\r\n")
_START = datetime(2024, 2, 27, 22, 30, tzinfo=UTC)
WORDS = (
    "hello",
    "re:",
    "grüß",
    "figures",
    "ann",
    "two.test",
    "APPLE",
    "red ",
    "café",
    "pear, and",
    "zebra",
    "word w",
    "",
)
"""What is looked for."""


@dataclass(frozen=True, slots=True)
class Letter:
    """`sent` is the Date field, `received` the INTERNALDATE it is appended with; None for now."""

    serial: int
    subject: str
    name: str
    sender: str
    body: str
    sent: datetime
    received: datetime | None
    octets: bytes

    def header(self, field: str) -> str | None:
        """The value of a header field as it reads, None where there is none."""
        named = {"subject": self.subject, "from": f"{self.name} <{self.sender}>", "to": "you@demo.test"}
        return {**named, "message-id": f"<{self.serial}@letters.test>"}.get(field)


def _letter(subject: int, sender: int, body: int, sent: int, received: int) -> Letter:
    serial = next(_serials)
    plain, spelled = _SUBJECTS[subject % len(_SUBJECTS)]
    name, address = _SENDERS[sender % len(_SENDERS)]
    text = _BODIES[body % len(_BODIES)]
    when = _START + timedelta(hours=7 * sent)
    came = None if not received else _START + timedelta(hours=5 * received)
    who = f"{name} <{address}>" if name else f"<{address}>"
    octets = (
        f"From: {who}\r\nTo: you@demo.test\r\nSubject: {spelled}\r\nDate: {format_datetime(when)}\r\n"
        f"Message-ID: <{serial}@letters.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{text}"
    ).encode()
    return Letter(serial, plain, name, address, text, when, came, octets)


_SMALL = st.integers(0, 9)
letters = st.builds(_letter, _SMALL, _SMALL, _SMALL, _SMALL, _SMALL)
"""A new message each time."""
