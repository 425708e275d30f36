"""The parser beside two others, on the messages CPython tests its own with and on ours; docs/message.md explains."""

import email
import email.policy
import importlib.util
from collections.abc import Iterator
from email.message import EmailMessage, Message
from pathlib import Path

import pytest
from fast_mail_parser import ParseError, PyMimePart, parse_email_tree

from pillarbox.message.body import decode_leaf
from pillarbox.message.digest import summarise
from pillarbox.message.structure import Part, scan
from tests.message.imap_value import read

OURS = Path(__file__).parent / "corpus"

# name → why the standard library sees another tree
STANDARD_TREE = {
    "msg_15.txt": "one boundary on two levels",
    "msg_39.txt": "one boundary on two levels",
    "same-boundary.eml": "one boundary on two levels",
    "msg_37.txt": "empty parts between delimiters",
    "encoded-rfc822.eml": "embedded message in base64",
}
# name → why fast-mail-parser does
FAST_TREE = {
    "msg_15.txt": "one boundary on two levels",
    "msg_39.txt": "refuses the message for its base64",
    "same-boundary.eml": "one boundary on two levels",
    "bad-base64.eml": "refuses the message for its base64",
    "boundary-prefix.eml": "delimiters are matched by prefix",
    "forwarded.eml": "delimiters are matched by prefix",
    "encoded-rfc822.eml": "embedded message in base64",
    "msg_14.txt": "type without subtype",
    "msg_33.txt": "delimiters are matched by prefix",
}
# name → why a leaf has other octets than in the standard library
STANDARD_LEAF = {
    "bad-base64.eml": "base64 goes on behind padding",
    "msg_42.txt": "a multipart with a closing delimiter only",
}
# name → why a decoded header field is another text
STANDARD_TEXT = {
    "hebrew.eml": "iso-8859-8-i is unknown there",
    "nul-octets.eml": "NUL is kept there",
    "raw-latin1-header.eml": "raw 8-bit is not guessed there",
    "msg_27.txt": "a tab stays a tab there",
    "msg_43.txt": "empty angle brackets",
    "msg_20.txt": "several recipient fields are one to us",
    "msg_25.txt": "several recipient fields are one to us",
    "smtputf8.eml": "several recipient fields are one to us",
}


def cpython() -> Path:
    """The folder of CPython's own test messages; Debian ships it in libpython3.11-testsuite."""
    spec = importlib.util.find_spec("test.test_email") if importlib.util.find_spec("test") else None
    if spec is None or spec.origin is None:
        pytest.fail("CPython's test messages are missing: apt install libpython3.11-testsuite")
    return Path(spec.origin).parent / "data"


def messages() -> Iterator[tuple[str, bytes]]:
    for path in sorted(OURS.glob("*.eml")):
        yield path.name, path.read_bytes()
    theirs = sorted(cpython().glob("msg_*.txt"))
    assert len(theirs) > 40
    for path in theirs:
        yield path.name, path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def our_tree(part: Part) -> str:
    kind = f"{part.type}/{part.subtype}"
    return f"{kind}({' '.join(map(our_tree, part.parts))})" if part.parts else kind


def children(message: Message) -> list[Message]:
    """Their parts; the fields of a delivery status and of an external body, messages there, are none to us."""
    if message.get_content_type() in ("message/delivery-status", "message/external-body"):
        return []
    payload = message.get_payload()
    return [one for one in payload if isinstance(one, Message)] if isinstance(payload, list) else []


def standard_tree(message: Message) -> str:
    kind = message.get_content_type()
    inner = children(message)
    if not inner and message.get_content_maintype() == "multipart":
        return f"{kind}(text/plain)"  # what no delimiter divides is one text to us
    return f"{kind}({' '.join(map(standard_tree, inner))})" if inner else kind


def fast_tree(part: PyMimePart) -> str:
    kind = part.content_type.lower()
    if not part.children and kind.startswith("multipart/"):
        return f"{kind}(text/plain)"
    return f"{kind}({' '.join(map(fast_tree, part.children))})" if part.children else kind


def our_leaves(octets: bytes, part: Part) -> Iterator[bytes]:
    if part.parts:
        for child in part.parts:
            yield from our_leaves(octets, child)
    elif part.type != "message":
        yield decode_leaf(octets, part)


def standard_leaves(message: Message) -> Iterator[bytes]:
    inner = children(message)
    for child in inner:
        yield from standard_leaves(child)
    if inner or message.get_content_maintype() == "message":
        return
    payload = message.get_payload(decode=True)
    if isinstance(payload, bytes):
        yield payload
    else:
        yield str(message.get_payload()).encode("utf-8", "surrogateescape")


def differing(listed: dict[str, str], found: set[str]) -> None:
    """Exactly the explained differences: one that is gone leaves the list."""
    assert found == set(listed)


def test_trees_beside_the_standard_library() -> None:
    differing(STANDARD_TREE, {
        name for name, octets in messages()
        if our_tree(scan(octets)) != standard_tree(email.message_from_bytes(octets, policy=email.policy.default))
    })  # fmt: skip


def test_trees_beside_fast_mail_parser() -> None:
    found = set()
    for name, octets in messages():
        try:
            tree = fast_tree(parse_email_tree(octets))
        except ParseError:
            tree = "refused"
        if tree != our_tree(scan(octets)):
            found.add(name)
    differing(FAST_TREE, found)


def test_leaves_beside_the_standard_library() -> None:
    found = set()
    for name, octets in messages():
        standard = email.message_from_bytes(octets, policy=email.policy.default)
        if name not in STANDARD_TREE and list(our_leaves(octets, scan(octets))) != list(standard_leaves(standard)):
            found.add(name)
    differing(STANDARD_LEAF, found)


def bare(pairs: tuple[tuple[str | None, str], ...]) -> list[str]:
    return [address for _, address in pairs]


def standard_fields(message: EmailMessage) -> tuple[str, list[list[str]], int | None]:
    date = message["date"]
    moment = None if date is None or date.datetime is None else int(date.datetime.timestamp())
    people = [
        [] if message[name] is None else [one.addr_spec for one in message[name].addresses]
        for name in ("from", "to", "cc")
    ]
    return str(message["subject"] or ""), people, moment


def test_fields_beside_the_standard_library() -> None:
    found = set()
    for name, octets in messages():
        ours = summarise(octets)
        standard = email.message_from_bytes(octets, policy=email.policy.default)
        fields = (ours.subject, [bare(ours.from_), bare(ours.to), bare(ours.cc)], ours.sent_at)
        if fields != standard_fields(standard):
            found.add(name)
    differing(STANDARD_TEXT, found)


@pytest.mark.parametrize("path", sorted(OURS.glob("*.eml")), ids=lambda path: path.stem)
def test_each_of_ours_is_spelled_for_imap(path: Path) -> None:
    summary = summarise(path.read_bytes())
    for value in (summary.envelope, summary.bodystructure, summary.body):
        assert isinstance(read(value), list)


READINGS = {
    "alternative": ("Grüße", "Grüße aus Köln", False),
    "attachment": ("with attachment", "See the file.", True),
    "related": ("newsletter", "Our news.", True),
    "japanese": ("会議のお知らせ", "明日の会議は十時からです。", False),
    "shift-jis": ("test", "こんにちは、世界。", False),
    "chinese": ("您好", "中文邮件,含有镕字。", False),
    "korean": ("안녕하세요", "똠방각하 반갑습니다.", False),
    "russian": ("Привет", "Это письмо по-русски.", False),
    "arabic": ("مرحبا بالعالم", "هذه رسالة تجريبية", False),
    "hebrew": ("שלום", "שלום עולם", False),
    "thai": ("thai", "สวัสดี", False),
    "split-character": ("Ελληνικά και €", "The subject's words are split inside a character.", False),
    "raw-utf8-header": ("Größe ohne Kodierung", "raw", False),
    "raw-latin1-header": ("Größe in den Straßen von Köln", "raw", False),
    "wrong-charset": ("liar", "naïve café – not ASCII", False),
    "unknown-charset": ("x", "Über allen Gipfeln", False),
    "utf16": ("utf-16", "wide text", False),
    "uuencode": ("uu", "hello, UU", False),
    "no-boundary": ("multipart without boundary", "--x Content-Type: text/plain text --x--", False),
    "boundary-never-used": ("the boundary never comes", "Only text here.", False),
    "truncated": ("cut", "first", False),
    "same-boundary": ("both levels use one boundary", "text", True),
    "boundary-prefix": ("one boundary is the beginning of the other", "plain", True),
    "no-empty-line": ("header without end", "This line is no field. And this is the rest.", False),
    "part-without-header": ("a part without header or empty line", "This part begins at once.", False),
    "raw-bare-lf": ("bare line feeds", "one", False),
    "nul-octets": ("nul \ufffd inside", "before after", False),
    "rfc2231": ("parameters in pieces", "", True),
    "quoted-reply": ("Re: Re: [list] Fwd: plans (fwd)", "Yes, at ten.", False),
    "forwarded": ("Fwd: a message in a message", "Look at this.", True),
}


@pytest.mark.parametrize("name", READINGS)
def test_what_a_person_reads(name: str) -> None:
    summary = summarise((OURS / f"{name}.eml").read_bytes())
    assert (summary.subject, summary.preview, summary.has_attachment) == READINGS[name]
