"""Whatever the octets are, the parser answers, and its answers hold together."""

import mmap
import random
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pillarbox.core.limits import MIME_DEPTH, PREVIEW
from pillarbox.message import address, body, date, header, params, thread, words
from pillarbox.message.digest import summarise
from pillarbox.message.structure import Part, decode, encode, find, scan
from tests.message.imap_value import read

CORPUS = Path(__file__).parent / "corpus"
PIECES = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"--b",
    b"--b--",
    b"\r\n--b\r\n",
    b"\r\n--b--\r\n",
    b"\r\n--bb\r\n",
    b"\r\n--c\r\n",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b'Content-Type: multipart/digest; boundary="c"\r\n',
    b"Content-Type: multipart/alternative; boundary=bb\r\n\r\n",
    b"Content-Type: message/rfc822\r\n\r\n",
    b"Content-Type: text/html; charset=",
    b"utf-16",
    b"iso-2022-jp",
    b"Content-Transfer-Encoding: base64\r\n",
    b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Transfer-Encoding: uuencode\r\n",
    b"begin 644 x\r\n",
    b"Content-Disposition: attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC\r\n",
    b"Content-ID: <a@b>\r\n",
    b"Content-Language: en, de\r\n",
    b"Content-Location: http://x/\r\n",
    b"From: ",
    b"To: ",
    b"Subject: ",
    b"Date: ",
    b"=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=",
    b"=?iso-2022-jp?B?GyRC?=",
    b"\x1b$B",
    b"a@b",
    b"<",
    b">",
    b"(",
    b")",
    b'"',
    b"\\",
    b",",
    b";",
    b":",
    b"@",
    b"[",
    b"]",
    b"\x00",
    b"\xff",
    b"\xe2\x82\xac",
    b"<p>x</p>",
    b"> quoted\r\n",
    b"-- \r\n",
)
octets = st.one_of(
    st.binary(max_size=400),
    st.lists(st.one_of(st.sampled_from(PIECES), st.binary(max_size=6)), max_size=60).map(b"".join),
)
often = settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def check_offsets(part: Part, floor: int, ceiling: int, depth: int = 1) -> None:
    assert floor <= part.header <= part.body <= part.end <= ceiling
    assert depth <= MIME_DEPTH
    assert part.lines >= 0
    at = part.body
    for child in part.parts:
        check_offsets(child, at, part.end, depth + 1)
        at = child.end
    if part.type == "multipart":
        assert part.parts
    elif part.type == "message" and part.subtype in ("rfc822", "global"):
        assert len(part.parts) == 1
    else:
        assert not part.parts


@often
@given(octets)
def test_every_message_has_a_summary(data: bytes) -> None:
    summary = summarise(data)
    root = summary.root
    check_offsets(root, 0, len(data))
    assert root.header == 0
    assert root.end == len(data)
    assert decode(summary.structure) == root == decode(encode(root))
    envelope = read(summary.envelope)
    assert isinstance(envelope, list)
    assert len(envelope) == 10
    for spelled in (summary.bodystructure, summary.body):
        assert isinstance(read(spelled), list)
    for text in (summary.subject, summary.preview, summary.sender):
        assert text == words.neutral(text)
    assert len(summary.preview) <= PREVIEW


@often
@given(octets)
def test_every_body_decodes(data: bytes) -> None:
    root = scan(data)
    assert len(body.searchable_text(data, root, 500)) <= 500
    for part in body.text_leaves(root):
        assert len(body.leaf_text(data, part, 50)) <= 50
        body.decode_leaf(data, part)
    assert find(root, (1,)) is not None
    assert find(root, ()) is root


@often
@given(octets)
def test_every_header_value_reads(data: bytes) -> None:
    assert words.decode_text(data) == words.neutral(words.decode_text(data))
    for entry in address.parse_addresses(data):
        assert isinstance(entry, address.Address | address.Group)
    date.parse_date(data)
    thread.message_ids(data)
    text = words.raw_text(data)
    params.decode_params(text)
    base = thread.base_subject(text)
    assert thread.base_subject(base) == base


@often
@given(octets)
def test_fields_lie_in_order_and_subsets_are_whole(data: bytes) -> None:
    root = scan(data)
    found = header.fields(data, root.header, root.body)
    at = 0
    for field in found:
        assert at <= field.start < field.end <= root.body
        assert data[field.start :].startswith(field.name)
        at = field.end
    names = frozenset(field.name.lower() for field in found)
    everything = header.subset(data, root.header, root.body, names, False)
    assert everything == header.subset(data, root.header, root.body, frozenset(), True)
    assert header.subset(data, root.header, root.body, names, True) == b"\r\n"
    assert everything.endswith(b"\r\n")


@settings(max_examples=50, deadline=None)
@given(octets)
def test_a_mapped_file_gives_the_same(data: bytes) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(data + b"\r\n")
        file.flush()
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            assert summarise(mapped) == summarise(data + b"\r\n")


def test_damaged_copies_of_the_corpus() -> None:
    originals = [path.read_bytes() for path in sorted(CORPUS.glob("*.eml"))]
    dice = random.Random(20261123)
    for _ in range(1_500):
        data = bytearray(dice.choice(originals))
        for _ in range(dice.randint(1, 8)):
            at = dice.randrange(len(data) + 1)
            match dice.randrange(4):
                case 0:
                    data[at:at] = dice.choice(PIECES)
                case 1:
                    del data[at : at + dice.randint(1, 40)]
                case 2:
                    data[at : at + 1] = bytes((dice.randrange(256),))
                case 3:
                    other = dice.choice(originals)
                    start = dice.randrange(len(other))
                    data[at:at] = other[start : start + 300]
        octets = bytes(data)
        summary = summarise(octets)
        check_offsets(summary.root, 0, len(octets))
        for spelled in (summary.envelope, summary.bodystructure, summary.body):
            assert isinstance(read(spelled), list)
        body.searchable_text(octets, summary.root, 5_000)
