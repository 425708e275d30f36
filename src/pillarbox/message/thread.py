"""What ties messages into threads: base subjects and message ids."""

import re

_SPACE = re.compile(r"\s+")
_BLOB = re.compile(r"\[[^\[\]]*\]\s*")
_REFWD = re.compile(r"(?:re|fwd?)\s*(?:\[[^\[\]]*\]\s*)?:\s*", re.I)
_BLOBS = re.compile(r"(?:\[[^\[\]]*\]\s*)*")
_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
_CAP = 1000  # characters of a subject that are looked at
_IDS = 1000  # message ids of one field
_IDS_CAP = 256 << 10  # octets of a References field that are read


def base_subject(subject: str) -> str:
    """The subject without reply and forward marks: RFC 5256 §2.1, on an already decoded subject."""
    text = _SPACE.sub(" ", subject[:_CAP])
    while True:
        text = _without_trailers(text)
        text = _without_leaders(text)
        if not (text[:5].lower() == "[fwd:" and text.endswith("]")):
            return text
        text = text[5:-1]


def _without_trailers(text: str) -> str:
    """RFC 5256 §2.1 step 2."""
    while True:
        text = text.rstrip()
        if text[-5:].lower() != "(fwd)":
            return text
        text = text[:-5]


def _without_leaders(text: str) -> str:
    """RFC 5256 §2.1 steps 3 to 5."""
    start = len(text) - len(text.lstrip())
    while True:
        blobs = _BLOBS.match(text, start)
        after = blobs.end() if blobs else start
        mark = _REFWD.match(text, after)
        if mark is not None:
            start = mark.end()
            continue
        blob = _BLOB.match(text, start)
        if blob is None or blob.end() == len(text):
            return text[start:]
        start = blob.end()


def message_ids(value: bytes) -> list[str]:
    """The message ids of a Message-ID, In-Reply-To or References value, without angle brackets, in order.

    A value with no angle bracket at all is taken as ids between white space, if they have an @.
    """
    text = value[:_IDS_CAP].decode("utf-8", "replace")
    if "<" in text:
        return _ID.findall(text)[:_IDS]
    return [word for word in text.split()[:_IDS] if "@" in word]
