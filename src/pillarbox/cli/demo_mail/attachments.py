"""Small files made on the spot: pictures, a PDF, a sound, a table, an invitation."""

import array
import io
import math
import struct
import time
import wave
import zlib
from collections.abc import Callable
from dataclasses import dataclass

Colour = tuple[int, int, int]

NIGHT, SEA, SAND, RED, CREAM = (24, 34, 66), (38, 84, 124), (214, 190, 148), (200, 30, 40), (250, 240, 220)


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in a letter. `cid` makes it a picture of the HTML instead."""

    name: str
    kind: str  # media type
    octets: bytes
    cid: str | None = None


def png(width: int, height: int, colour: Callable[[float, float], Colour]) -> bytes:
    """A picture: `colour` of each point, x and y from 0 to 1, y downwards."""
    rows = b"".join(b"\0" + b"".join(bytes(colour(x / width, y / height)) for x in range(width)) for y in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    packed = chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + packed + chunk(b"IEND", b"")


def _mixed(first: Colour, second: Colour, share: float) -> Colour:
    return tuple(round(a + (b - a) * share) for a, b in zip(first, second, strict=True))  # type: ignore[return-value]


def lighthouse(x: float, y: float) -> Colour:
    """A lighthouse at dusk, its beam over the sea."""
    if abs(x - 0.3) < 0.03 + 0.04 * (y - 0.25) and 0.28 < y < 0.8:
        return RED if int(y * 14) % 2 else CREAM
    if abs(x - 0.3) < 0.035 and 0.2 < y <= 0.28:
        return (255, 236, 150)
    if x > 0.3 and abs(y - 0.24) < (x - 0.3) * 0.16:
        return _mixed((255, 236, 150), NIGHT, min(1.0, (x - 0.3) * 1.3))
    if y > 0.8 + 0.02 * math.sin(x * 40):
        return _mixed(SEA, NIGHT, (y - 0.8) * 3)
    return _mixed(NIGHT, (230, 130, 90), max(0.0, y - 0.2))


def boat(x: float, y: float) -> Colour:
    """A boat with a red sail, seen from her better side."""
    if 0.2 < y < 0.62 and 0.5 < x < 0.5 + (y - 0.2) * 0.7:
        return RED
    if 0.15 < y < 0.66 and abs(x - 0.49) < 0.008:
        return (90, 60, 40)
    if 0.66 < y < 0.78 and 0.22 + (y - 0.66) < x < 0.84 - (y - 0.66) * 1.2:
        return (120, 80, 50)
    if y > 0.74 + 0.015 * math.sin(x * 50):
        return SEA
    return _mixed((150, 200, 230), CREAM, y)


def pillar_box(x: float, y: float) -> Colour:
    """A red pillar box on a quiet street."""
    if (x - 0.5) ** 2 / 0.05 + (y - 0.2) ** 2 / 0.01 < 1 or (abs(x - 0.5) < 0.2 and 0.2 < y < 0.88):
        if abs(x - 0.5) < 0.12 and 0.33 < y < 0.36:
            return (30, 10, 12)
        if abs(x - 0.5) < 0.07 and 0.44 < y < 0.6:
            return CREAM
        return _mixed(RED, (110, 10, 20), abs(x - 0.42) * 2.5)
    return SAND if y > 0.84 else _mixed((196, 220, 226), CREAM, y)


def pdf(title: str, lines: list[str]) -> bytes:
    """One A4 page in Helvetica."""
    shown = [f"BT /F1 20 Tf 70 770 Td ({_escaped(title)}) Tj ET"]
    shown += [f"BT /F1 12 Tf 70 {730 - 20 * row} Td ({_escaped(line)}) Tj ET" for row, line in enumerate(lines)]
    content = "\n".join(shown).encode("latin-1", "replace")
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for number, text in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, text)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def foghorn(seconds: int = 40, rate: int = 16000) -> bytes:
    """A WAV file: two low notes, a pause, and again, further away each time."""
    cycle = [math.sin(step * 2 * math.pi / 160) + 0.4 * math.sin(step * 4 * math.pi / 160) for step in range(160)]
    samples = array.array("h")
    for moment in range(seconds * 10):
        phase = moment % 80
        loud = (9000 if phase < 30 else 6500 if 34 <= phase < 48 else 0) * (1 - moment / (seconds * 12))
        samples.extend(round(value * loud) for value in cycle * (rate // 1600))
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        sound.writeframes(samples.tobytes())
    return file.getvalue()


def invitation(now: int) -> bytes:
    """The lantern festival in nine days, as iCalendar (RFC 5545)."""
    begin, end = (time.strftime("%Y%m%dT%H0000Z", time.gmtime(now + 9 * 86400 + hours * 3600)) for hours in (0, 4))
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Pillarbox//Demo//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        "UID:lantern-festival@demo.test",
        f"DTSTAMP:{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(now))}",
        f"DTSTART:{begin}",
        f"DTEND:{end}",
        "SUMMARY:Lantern festival",
        "LOCATION:Harbour Lane\\, by the pillar box",
        "DESCRIPTION:Forty-one lanterns\\, one boat\\, one piano. Rain or shine (rain).",
        "ORGANIZER;CN=Sam Okafor:mailto:friend@demo.test",
        "ATTENDEE;CN=Alex Rivera;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:you@demo.test",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


PLANKS = "plank,length_mm,width_mm,first opinion,second opinion\r\n" + "".join(
    f"{number},{1800 + number * 137 % 900},{140 + number * 7 % 40},{first},{second}\r\n"
    for number, (first, second) in enumerate([("rotten", "very rotten"), ("fine", "rotten"), ("fine", "fine")] * 5, 1)
    if number <= 14
)


def made(name: str, now: int) -> Attachment:
    """The attachment of this name."""
    if name == "foghorn.wav":
        return Attachment(name, "audio/wav", foghorn())
    if name == "invitation.ics":
        return Attachment(name, "text/calendar", invitation(now))
    if name == "planks.csv":
        return Attachment(name, "text/csv", PLANKS.encode())
    if name.endswith(".pdf"):
        lines = [
            "Length of vessel: depends on the planks",
            "Berth: 17",
            "",
            "Signature (ink): ........................",
        ]
        return Attachment(name, "application/pdf", pdf(name.removesuffix(".pdf").replace("-", " ").title(), lines))
    picture = {"boat.png": boat, "pillarbox.png": pillar_box}.get(name, lighthouse)
    return Attachment(name, "image/png", png(240, 180, picture))
