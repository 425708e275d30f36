"""ENVELOPE and BODYSTRUCTURE as a client reads them."""

from pillarbox.message.digest import summarise
from pillarbox.message.envelope import bodystructure, envelope
from pillarbox.message.structure import scan
from tests.message.imap_value import read

ANN = [["Ann", None, "ann", "x.org"]]


def test_envelope_defaults_and_groups() -> None:
    octets = (
        b'From: Ann <ann@x.org>\r\nSender:\r\nTo: Team: a@x.org;, root\r\nSubject: a "quote" and \\\r\n'
        b"Date: whenever\r\nMessage-ID: <1@x>\r\nIn-Reply-To: <0@x>\r\n\r\n"
    )
    assert read(envelope(octets, scan(octets))) == [
        "whenever",
        'a "quote" and \\',
        ANN,
        ANN,
        ANN,
        [[None, None, "Team", None], [None, None, "a", "x.org"], [None, None, None, None], [None, None, "root", ""]],
        None,
        None,
        "<0@x>",
        "<1@x>",
    ]


def test_envelope_is_seven_bit() -> None:
    octets = "Subject: Größe =?utf-8?Q?x?=\r\nFrom: Jörg <jörg@köln.de>\r\n\r\n".encode()
    value = read(envelope(octets, scan(octets)))
    assert isinstance(value, list)
    assert value[1] == "=?utf-8?B?R3LDtsOfZSB4?="
    encoded = b"Subject: =?utf-8?Q?x?=\r\n\r\n"
    value = read(envelope(encoded, scan(encoded)))
    assert isinstance(value, list)
    assert value[1] == "=?utf-8?Q?x?="
    assert read(envelope(b"", scan(b""))) == [None] * 10


LEAVES = (
    b"Content-Type: multipart/mixed; boundary=b\r\nContent-Language: en, de\r\n\r\n"
    b"--b\r\n\r\none\r\ntwo\r\n"
    b"--b\r\nContent-Type: image/png; name*=utf-8''%C3%9C.png\r\nContent-Transfer-Encoding: BASE64\r\n"
    b"Content-ID: <i@x>\r\n"
    b"Content-Description: a =?utf-8?Q?=C3=9C?=\r\nContent-MD5: Q2hlY2s=\r\n"
    b'Content-Disposition: ATTACHMENT; filename="a b.png"\r\nContent-Location: http://x/\r\n y\r\n\r\nAAAA\r\n'
    b"--b--\r\n"
)


def test_bodystructure() -> None:
    root = scan(LEAVES)
    text = ["text", "plain", ["charset", "us-ascii"], None, None, "7bit", 8, 1]
    image = ["image", "png", ["name*", "utf-8''%C3%9C.png"], "<i@x>", "a =?utf-8?Q?=C3=9C?=", "base64", 4]
    assert read(bodystructure(LEAVES, root, extended=False)) == [text, image, "mixed"]
    assert read(bodystructure(LEAVES, root, extended=True)) == [
        [*text, None, None, None, None],
        [*image, "Q2hlY2s=", ["attachment", ["filename", "a b.png"]], None, "http://x/y"],
        "mixed",
        ["boundary", "b"],
        None,
        ["en", "de"],
        None,
    ]


def test_an_embedded_message_brings_envelope_body_and_lines() -> None:
    octets = b"Content-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nhi\r\n"
    inner = ["text", "plain", ["charset", "us-ascii"], None, None, "7bit", 4, 1]
    assert read(bodystructure(octets, scan(octets), extended=False)) == [
        "message",
        "rfc822",
        None,
        None,
        None,
        "7bit",
        19,
        [None, "in", *[None] * 8],
        inner,
        3,
    ]


def test_summary() -> None:
    octets = (
        b"Received: a\r\nReceived: b\r\nFrom: =?utf-8?Q?J=C3=B6rg?= <j@x.org>, b@x.org\r\nTo: G: c@x.org;\r\n"
        b"Subject: Re: Plan\r\n"
        b"Date: Mon, 2 Nov 2026 12:00:00 +0000\r\nMessage-ID: <m@x>\r\nReferences: <a@x>\r\n <b@x>\r\n\r\nHi\r\n"
    )
    found = summarise(octets)
    assert (found.subject, found.base_subject, found.sender, found.hops) == ("Re: Plan", "Plan", "Jörg", 2)
    assert found.from_ == (("Jörg", "j@x.org"), (None, "b@x.org"))
    assert found.to == ((None, "c@x.org"),)
    assert (found.sent_at, found.message_id, found.references) == (1793620800, "m@x", ("a@x", "b@x"))
    assert (found.preview, found.has_attachment, found.in_reply_to) == ("Hi", False, ())
    assert found.envelope == envelope(octets, found.root)
    assert found.envelope_utf8 is None


def test_envelope_with_utf8() -> None:
    """RFC 6855 §3: as written, but what is no UTF-8 becomes it, and what no quoted string may hold is left out."""
    header = 'From: Jörg <jörg@exämple.org>\r\nSubject: "Grüße" \\ =?utf-8?Q?=C3=A9?=\r\n'.encode()
    found = summarise(header + b"Message-ID: <\xe9\x00>\r\n\r\n")
    author = '(("Jörg" NIL "jörg" "exämple.org"))'
    subject = '"\\"Grüße\\" \\\\ =?utf-8?Q?=C3=A9?="'
    expected = f'(NIL {subject} {author} {author} {author} NIL NIL NIL NIL "<é�>")'
    assert found.envelope_utf8 is not None
    assert found.envelope_utf8.decode() == expected
    assert found.envelope.isascii()
