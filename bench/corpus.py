"""Ten thousand messages as people get them: plain, with HTML, with attachments; the same ones every time."""

import base64
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

RARE_BODY, RARE_SUBJECT = "zanzibarquokka", "periwinkleplan"
EVERY_BODY, EVERY_SUBJECT = 1250, 1000  # how often they occur
_SYLLABLES = ("ba", "ko", "ri", "ten", "mu", "la", "sho", "ver", "ni", "dal", "pe", "ros", "ti", "gan", "el", "or")
_START = datetime(2022, 4, 15, tzinfo=UTC)
_FLAGS = (("\\Seen", 0.6), ("\\Answered", 0.1), ("\\Flagged", 0.05), ("$Label1", 0.05))
_LINE = 78  # octets of a line of base64


def corpus(count: int) -> Iterator[tuple[bytes, str, str]]:
    """Message, flags and internal date, `count` times; 2 to 100 KB, about 17 KB in the mean."""
    chance = random.Random(1)
    words = sorted({"".join(chance.choices(_SYLLABLES, k=chance.randint(1, 4))) for _ in range(6000)})
    chance.shuffle(words)
    lines = [" ".join(_word(chance, words) for _ in range(chance.randint(7, 12)))[:76] for _ in range(8000)]
    noise = base64.encodebytes(chance.randbytes(400_000)).replace(b"\n", b"\r\n")
    earlier: list[tuple[str, str]] = []
    for number in range(count):
        when = _START + timedelta(minutes=90 * number)
        header = _header(chance, words, number, when, earlier)
        body = _body(chance, lines, noise, number)
        flags = " ".join(flag for flag, part in _FLAGS if chance.random() < part)
        yield header.encode() + body, flags, when.strftime("%d-%b-%Y %H:%M:%S +0000")


def _word(chance: random.Random, words: list[str]) -> str:
    return words[min(len(words) - 1, int(chance.paretovariate(0.6) * 12) - 12)]


def _person(chance: random.Random, words: list[str]) -> str:
    first, last = chance.choice(words[:250]), chance.choice(words[300:550])
    return f"{first.title()} {last.title()} <{first}.{last}@{last}.example>"


def _header(
    chance: random.Random, words: list[str], number: int, when: datetime, earlier: list[tuple[str, str]]
) -> str:
    host = words[number % 400]
    name = f"<{number:06d}.{chance.getrandbits(48):012x}@{host}.example>"
    subject = " ".join(chance.choices(words, k=chance.randint(2, 8)))
    reply = ""
    if earlier and chance.random() < 0.4:
        parent, subject = chance.choice(earlier[-100:])
        subject = subject if subject.startswith("Re: ") else f"Re: {subject}"
        reply = f"In-Reply-To: {parent}\r\nReferences: {parent}\r\n"
    earlier.append((name, subject))
    rare = f" {RARE_SUBJECT}" if number % EVERY_SUBJECT == 500 else ""
    if number % 7 == 3:
        subject = f"=?utf-8?B?{base64.b64encode(f'{subject[:36]} übung'.encode()).decode()}?="
    date = format_datetime(when)
    copies = f"Cc: {_person(chance, words)},\r\n {_person(chance, words)}\r\n" if number % 4 == 0 else ""
    seal = "".join(f"\t{base64.b64encode(chance.randbytes(48)).decode()}\r\n" for _ in range(5))
    return (
        f"Received: from out{number % 9}.{host}.example ([192.0.2.{number % 250}])\r\n"
        f"\tby mx.bench.test with ESMTPS id {chance.getrandbits(60):015x}\r\n\tfor <user@bench.test>; {date}\r\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d={host}.example; s=s1;\r\n\th=from:to:date;\r\n"
        f"{seal}From: {_person(chance, words)}\r\nTo: {_person(chance, words)}\r\n{copies}Subject: {subject}{rare}\r\n"
        f"Date: {date}\r\nMessage-ID: {name}\r\n{reply}MIME-Version: 1.0\r\n"
    )


def _body(chance: random.Random, lines: list[str], noise: bytes, number: int) -> bytes:
    rare = f"the word is {RARE_BODY} here\r\n" if number % EVERY_BODY == 77 else ""
    kind, mark = chance.random(), f"=_{number:06d}"
    start, size = chance.randrange(len(lines) - 150), int(chance.uniform(10, 130))
    text = "\r\n".join(lines[start : start + size]) + "\r\n" + rare
    plain = f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}"
    if kind < 0.45:
        return plain.encode()
    rows = "".join(f'<p style=3D"font-family:sans-serif">{line}</p>=\r\n\r\n' for line in text.split("\r\n"))
    html = f"<html><head><style>p {{ margin: 0 }}</style></head><body>\r\n{rows}</body></html>\r\n"
    both = (
        f'Content-Type: multipart/alternative; boundary="{mark}a"\r\n\r\n--{mark}a\r\n{plain}--{mark}a\r\n'
        f"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        f"{html}--{mark}a--\r\n"
    )
    if kind < 0.8:
        return both.encode()
    length = int(chance.uniform(12_000, 70_000)) // _LINE
    begin = chance.randrange(len(noise) // _LINE - length) * _LINE
    return (
        (
            f'Content-Type: multipart/mixed; boundary="{mark}m"\r\n\r\n--{mark}m\r\n{both}\r\n--{mark}m\r\n'
            f'Content-Type: application/pdf; name="{number}.pdf"\r\nContent-Disposition: attachment;\r\n'
            f' filename="{number}.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        ).encode()
        + noise[begin : begin + length * _LINE]
        + f"--{mark}m--\r\n".encode()
    )
