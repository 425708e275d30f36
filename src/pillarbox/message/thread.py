"""What ties messages into threads: base subjects and message ids."""

import re

_SPACE = re.compile(r"[ \t\r\n]+")
_BLOB = re.compile(r"\[[^\[\]]*\] *")
_REFWD = re.compile(r"(?:re|fwd?) *(?:\[[^\[\]]*\] *)?: *", re.I)
_BLOBS = re.compile(r"(?:\[[^\[\]]*\] *)*")
_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
_CAP = 1000  # characters of a subject that are looked at
_IDS = 1000  # message ids of one field
_IDS_CAP = 256 << 10  # octets of a References field that are read


def base_subject(subject: str) -> str:
    """The subject without reply and forward marks: RFC 5256 §2.1, on an already decoded subject."""
    return parted_subject(subject)[0]


def parted_subject(subject: str) -> tuple[str, bool]:
    """The base subject, and whether there were marks of a reply or forward around it (RFC 5256 §3)."""
    text = _SPACE.sub(" ", subject[:_CAP])
    marked = False
    while True:
        text, forwarded = _without_trailers(text)
        text, replied = _without_leaders(text)
        marked = marked or forwarded or replied
        if not (text[:5].lower() == "[fwd:" and text.endswith("]")):
            return text, marked
        text, marked = text[5:-1], True


def _without_trailers(text: str) -> tuple[str, bool]:
    """RFC 5256 §2.1 step 2."""
    marked = False
    while True:
        text = text.rstrip(" ")
        if text[-5:].lower() != "(fwd)":
            return text, marked
        text, marked = text[:-5], True


def _without_leaders(text: str) -> tuple[str, bool]:
    """RFC 5256 §2.1 steps 3 to 5."""
    start = len(text) - len(text.lstrip(" "))
    marked = False
    while True:
        blobs = _BLOBS.match(text, start)
        after = blobs.end() if blobs else start
        mark = _REFWD.match(text, after)
        if mark is not None:
            start, marked = mark.end(), True
            continue
        blob = _BLOB.match(text, start)
        if blob is None or blob.end() == len(text):
            return text[start:], marked
        start = blob.end()


def message_ids(value: bytes) -> list[str]:
    """The message ids of a Message-ID, In-Reply-To or References value, without angle brackets, in order.

    A value with no angle bracket at all is taken as ids between white space, if they have an @.
    """
    text = value[:_IDS_CAP].decode("utf-8", "replace")
    if "<" in text:
        return _ID.findall(text)[-_IDS:]  # those at the end are the nearest
    return [word for word in text.split()[:_IDS] if "@" in word]
