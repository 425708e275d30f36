"""Letters for the browser tests."""

import struct
import zlib
from email.message import EmailMessage
from email.policy import SMTP


def letter(
    subject: str,
    text: str = "Words.",
    *,
    sender: str = "Ada Lovelace <ada@else.test>",
    html: str = "",
    number: int = 0,
    answers: int = 0,
) -> bytes:
    """A letter in text, with `html` in both. `number` and `answers` make conversations."""
    return written(subject, text, sender=sender, html=html, number=number, answers=answers).as_bytes(policy=SMTP)


def written(
    subject: str,
    text: str = "Words.",
    *,
    sender: str = "Ada Lovelace <ada@else.test>",
    html: str = "",
    number: int = 0,
    answers: int = 0,
) -> EmailMessage:
    """The same, not yet octets."""
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    message["To"] = "you@talk.test"
    message["Subject"] = subject
    message["Date"] = "Mon, 02 Nov 2026 10:00:00 +0000"
    if number:
        message["Message-ID"] = f"<letter{number}@else.test>"
    if answers:
        message["References"] = f"<letter{answers}@else.test>"
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message


def raw_html(subject: str, html: str, number: int = 0, answers: int = 0) -> bytes:
    """A letter of HTML alone, exactly these octets, as nobody's mail program would write it."""
    head = f"From: Mallory <mallory@evil.test>\r\nTo: you@talk.test\r\nSubject: {subject}\r\n"
    if number:
        head += f"Message-ID: <letter{number}@else.test>\r\n"
    if answers:
        head += f"References: <letter{answers}@else.test>\r\n"
    head += "MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    return (head + html.replace("\n", "\r\n") + "\r\n").encode("utf-8", "surrogateescape")


def with_file(subject: str, name: str, octets: bytes, kind: str = "application/octet-stream") -> bytes:
    """A letter with an attachment."""
    message = written(subject)
    main, _, sub = kind.partition("/")
    message.add_attachment(octets, maintype=main, subtype=sub, filename=name)
    return message.as_bytes(policy=SMTP)


def picture(width: int, height: int) -> bytes:
    """A red PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = (b"\0" + b"\xc5\x28\x3a" * width) * height
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
