"""A letter of the demo and its octets."""

import email.policy
import email.utils
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage

from pillarbox.cli.demo_mail.attachments import Attachment

SEEN, ANSWERED, FLAGGED, DRAFT = "seen", "answered", "flagged", "draft"

Person = tuple[str, str]
"""Name and address."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message and where it is put: `account` is the local part of a demo account."""

    account: str
    mailbox: str
    sender: Person
    to: Sequence[Person]
    subject: str
    sent: int  # seconds UTC
    text: str
    flags: frozenset[str] = frozenset({SEEN})
    cc: Sequence[Person] = ()
    html: str | None = None
    charset: str = "utf-8"
    attachments: Sequence[Attachment] = ()
    references: Sequence[str] = ()
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def message_id(self) -> str:
        """The same in every copy of the letter, and every time the demo is made."""
        seed = f"{self.sender[1]} {self.subject} {self.text}"
        return f"<{hashlib.blake2b(seed.encode(), digest_size=10).hexdigest()}@{self.sender[1].partition('@')[2]}>"


def octets(letter: Letter) -> bytes:
    """The letter as a message (RFC 5322) with CRLF line ends."""
    message = EmailMessage(policy=email.policy.SMTP)
    message["From"] = _address(letter.sender)
    if letter.to:
        message["To"] = [_address(person) for person in letter.to]
    if letter.cc:
        message["Cc"] = [_address(person) for person in letter.cc]
    if letter.subject:
        message["Subject"] = letter.subject
    message["Date"] = email.utils.formatdate(letter.sent)
    message["Message-ID"] = letter.message_id
    if letter.references:
        message["In-Reply-To"] = letter.references[-1]
        message["References"] = " ".join(letter.references)
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(letter.text, charset=letter.charset)
    if letter.html is not None:
        message.add_alternative(letter.html, subtype="html")
        part = message.get_payload()[1]  # type: ignore[index]
        for picture in (attachment for attachment in letter.attachments if attachment.cid):
            part.add_related(  # type: ignore[union-attr]
                picture.octets, "image", "png", cid=f"<{picture.cid}>", filename=picture.name, disposition="inline"
            )
    for attachment in letter.attachments:
        if attachment.cid:
            continue
        main, _, sub = attachment.kind.partition("/")
        if attachment.kind == "text/calendar":
            message.add_attachment(attachment.octets, main, sub, filename=attachment.name, params={"method": "REQUEST"})
        else:
            message.add_attachment(attachment.octets, main, sub, filename=attachment.name)
    _name_boundaries(message, letter.message_id)
    return message.as_bytes()


def _address(person: Person) -> Address:
    local, _, domain = person[1].partition("@")
    return Address(person[0], local, domain)


def _name_boundaries(message: EmailMessage, seed: str) -> None:
    """Boundaries that are the same each time."""
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            name = hashlib.blake2b(f"{seed}{number}".encode(), digest_size=12).hexdigest()
            part.set_boundary(f"=_{name}")
