"""Messages for mail programs to carry: plain ones, ones that are hard to carry, and a very large one."""

import base64
import functools
import random
from pathlib import Path

from tests.server import DOMAIN

CORPUS = Path(__file__).parents[1] / "message" / "corpus"
NAME = "Grüße/Ablage „2024“ & mehr"
"""A mailbox name no ASCII can spell, with a child."""


def letter(number: int, body: str = "", sender: str = "") -> bytes:
    """A small message; each number has its own subject, sender, date and id."""
    return (
        f"From: Sender {number} <{sender or f's{number}@example.org'}>\r\nTo: you@{DOMAIN}\r\n"
        f"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?= number {number}\r\n"
        f"Date: Wed, {1 + number % 28} Jul 2024 02:{number // 60 % 60:02}:{number % 60:02} -0700\r\n"
        f"Message-ID: <letter{number}@example.org>\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        f"{body or f'Schöne Grüße, Nummer {number}.'}\r\n"
    ).encode()


def dotted(sender: str = "") -> bytes:
    """Lines that begin with dots, and a line that is one (RFC 5321 §4.5.2, RFC 1939 §3)."""
    return letter(900, "first\r\n.\r\n..\r\n.hidden\r\n...\r\n \r\n.\r\n.\r\nlast\r\n..", sender)


@functools.cache
def large(sender: str = "big@example.org", octets: int = 10_000_000) -> bytes:
    """A message with an attachment of so many octets that nothing compresses."""
    data = base64.encodebytes(random.Random(octets).randbytes(octets)).replace(b"\n", b"\r\n")
    return (
        (
            f"From: {sender}\r\nTo: you@{DOMAIN}\r\nSubject: =?utf-8?b?R3Jvw59lIERhdGVp?=\r\n"
            "Date: Wed, 17 Jul 2024 02:00:00 -0700\r\nMessage-ID: <large@example.org>\r\nMIME-Version: 1.0\r\n"
            'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n--=_b\r\nContent-Type: text/plain\r\n\r\nbelow\r\n'
            "--=_b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
            "Content-Disposition: attachment; filename*=utf-8''gro%C3%9F.bin\r\n\r\n"
        ).encode()
        + data
        + b"--=_b--\r\n"
    )


@functools.cache
def awkward() -> tuple[bytes, ...]:
    """Messages of the parser's corpus that every line-based program can carry.

    They have CRLF only, no NUL, an empty line after the header and an end of line at the end.
    """
    found = []
    for path in sorted(CORPUS.glob("*.eml")):
        octets = path.read_bytes()
        bare = octets.replace(b"\r\n", b"")
        ended = b"\r\n\r\n" in octets and octets.endswith(b"\r\n")
        if ended and not {0, 10, 13} & set(bare):
            found.append(octets)
    return tuple(found)
