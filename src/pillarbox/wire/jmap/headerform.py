"""Properties naming a header field and a form of its value: `header:List-Post:asURLs:all` (RFC 8621 §4.1.2)."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Form(StrEnum):
    """The parsed forms."""

    RAW = "Raw"
    TEXT = "Text"
    ADDRESSES = "Addresses"
    GROUPED = "GroupedAddresses"
    MESSAGE_IDS = "MessageIds"
    DATE = "Date"
    URLS = "URLs"


@dataclass(frozen=True, slots=True)
class HeaderProperty:
    """A header field asked for: `name` in lower case, the form, every instance or the last one."""

    name: str
    form: Form
    every: bool


_SPELLING = re.compile(r"header:([!-9;-~]{1,255})(?::as([A-Za-z]{1,20}))?(:all)?")

_FIELDS = {
    Form.TEXT: "subject comments keywords list-id",
    Form.ADDRESSES: "from sender reply-to to cc bcc"
    " resent-from resent-sender resent-reply-to resent-to resent-cc resent-bcc",
    Form.MESSAGE_IDS: "message-id in-reply-to references resent-message-id",
    Form.DATE: "date resent-date",
    Form.URLS: "list-help list-unsubscribe list-subscribe list-post list-owner list-archive",
    Form.RAW: "return-path received",  # defined in RFC 5322, with no form of their own
}
_ALLOWED = {name: frozenset((form, Form.RAW)) for form, names in _FIELDS.items() for name in names.split()}
_ALLOWED |= {name: forms | {Form.GROUPED} for name, forms in _ALLOWED.items() if Form.ADDRESSES in forms}
_ANY = frozenset(Form)

CONVENIENT = {
    "messageId": HeaderProperty("message-id", Form.MESSAGE_IDS, False),
    "inReplyTo": HeaderProperty("in-reply-to", Form.MESSAGE_IDS, False),
    "references": HeaderProperty("references", Form.MESSAGE_IDS, False),
    "sender": HeaderProperty("sender", Form.ADDRESSES, False),
    "from": HeaderProperty("from", Form.ADDRESSES, False),
    "to": HeaderProperty("to", Form.ADDRESSES, False),
    "cc": HeaderProperty("cc", Form.ADDRESSES, False),
    "bcc": HeaderProperty("bcc", Form.ADDRESSES, False),
    "replyTo": HeaderProperty("reply-to", Form.ADDRESSES, False),
    "subject": HeaderProperty("subject", Form.TEXT, False),
    "sentAt": HeaderProperty("date", Form.DATE, False),
}
"""The convenience properties of RFC 8621 §4.1.3 and what they stand for."""


def parse_header_property(text: str) -> HeaderProperty | None:
    """The header property spelled `text`; None when it is no such spelling or the form is not for that field."""
    match = _SPELLING.fullmatch(text)
    if match is None:
        return None
    try:
        form = Form(match[2] or "Raw")
    except ValueError:
        return None
    name = match[1].lower()
    return HeaderProperty(name, form, bool(match[3])) if form in _ALLOWED.get(name, _ANY) else None


def spell_name(text: str) -> str:
    """The field name in a header property, as the client capitalised it."""
    return text.split(":", 2)[1]
