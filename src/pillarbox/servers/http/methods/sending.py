"""A submission before it is sent: identity, message and envelope are checked, the octets completed (RFC 8621 §7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pillarbox.core.errors import Denied, Invalid, TooBig
from pillarbox.core.ids import MessageId, parse_id, spell
from pillarbox.core.limits import SMTP_RECIPIENTS
from pillarbox.message.address import parse_mailbox
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.identity import identities
from pillarbox.services.submission.service import BadRecipients, Ready, Submitted
from pillarbox.store.model import MESSAGE_PREFIX, THREAD_PREFIX, Email, Headers, Need
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.dates import spell_utc
from pillarbox.wire.jmap.errors import SetError, invalid_properties

_SETTABLE = frozenset(("identityId", "emailId", "envelope", "undoStatus"))


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent: by which identity, which message, with which envelope."""

    identity_id: str
    email: Email
    envelope: object
    ready: Ready

    @property
    def email_id(self) -> str:
        """The message's id as JMAP spells it."""
        return spell(MESSAGE_PREFIX, self.email.message_id)


async def letter_of(context: Context, given: Mapping[str, Any]) -> Letter:
    """Check a submission that a client creates. Raises SetError. The letter's octets are to be discarded in the end."""
    identity_id, email, envelope = await _checked(context, given)
    sender, recipients = _parties(envelope)
    submissions = context.hall.services.submissions
    try:
        await submissions.check_sender(context.account_id, sender)
    except Denied as error:
        raise SetError("forbiddenMailFrom") from error
    try:
        ready = await submissions.prepare_stored(context.account_id, email.blob, sender, recipients)
    except BadRecipients as error:
        raise SetError("invalidRecipients", None, {"invalidRecipients": list(error.addresses)}) from error
    except Denied as error:
        raise SetError("forbiddenFrom", "the From field names an address that is not yours") from error
    except TooBig as error:
        raise SetError("tooLarge", None, {"maxSize": context.hall.settings.message_size}) from error
    except Invalid as error:
        raise SetError("invalidEmail", str(error), {"properties": ["from"]}) from error
    return Letter(identity_id, email, envelope, ready)


def described(context: Context, letter: Letter, submitted: Submitted) -> Json:
    """The properties of a submission; on systems that cannot unsend, undoStatus is final (RFC 8621 §7)."""
    return {
        "identityId": letter.identity_id,
        "emailId": letter.email_id,
        "threadId": spell(THREAD_PREFIX, letter.email.thread_id),
        "envelope": letter.envelope,
        "sendAt": spell_utc(context.hall.services.clock.now()),
        "undoStatus": "final",
        "deliveryStatus": {address: _status(how) for address, how in submitted.statuses},
        "dsnBlobIds": [],
        "mdnBlobIds": [],
    }


_STATUSES = {
    "local": ("250 2.1.5 Delivered", "yes"),
    "queued": ("250 2.0.0 Queued", "queued"),
}


def _status(how: str) -> Json:
    reply, delivered = _STATUSES[how]
    return {"smtpReply": reply, "delivered": delivered, "displayed": "unknown"}


async def _checked(context: Context, given: Mapping[str, Any]) -> tuple[str, Email, object]:
    """Identity, message and envelope. Raises SetError."""
    wrong = [name for name in given if name not in _SETTABLE]
    known = await identities(context)
    identity_id = context.real_id(str(given.get("identityId"))) or ""
    email_id = context.real_id(str(given.get("emailId"))) or ""
    email = await _email(context, email_id)
    if identity_id not in known:
        wrong.append("identityId")
    if email is None:
        wrong.append("emailId")
    if wrong or email is None or email.headers is None:
        raise invalid_properties(*wrong)
    if not email.headers.from_:
        raise SetError("invalidEmail", "nobody in the From field", {"properties": ["from"]})
    envelope = given.get("envelope")
    if envelope is None:
        envelope = _envelope(email.headers, str(known[identity_id]["email"]))
    return identity_id, email, envelope


async def _email(context: Context, text: str) -> Email | None:
    number = parse_id(MESSAGE_PREFIX, text)
    if number is None:
        return None
    found = await context.store.emails(context.account_id, [MessageId(number)], Need.BLOB | Need.HEADERS)
    return found.get(MessageId(number))


def _envelope(headers: Headers, identity: str) -> Json:
    """The envelope that follows from the header; the sender is the identity's own address (RFC 8621 §7). Raises
    SetError for a header that names several authors and nobody who sent it."""
    named = headers.sender or headers.from_
    if len(named) > 1:
        raise SetError("invalidEmail", "several senders", {"properties": ["sender" if headers.sender else "from"]})
    people = [address for _, address in (*headers.to, *headers.cc, *headers.bcc)]
    return {
        "mailFrom": {"email": identity, "parameters": None},
        "rcptTo": [{"email": one, "parameters": None} for one in dict.fromkeys(people)],
    }


def _parties(envelope: Any) -> tuple[str, tuple[str, ...]]:
    """Sender and recipients of an Envelope. Raises SetError."""
    if not isinstance(envelope, dict) or not set(envelope) <= {"mailFrom", "rcptTo"}:
        raise invalid_properties("envelope")
    sender = _address(envelope.get("mailFrom"), "mailFrom")
    if sender and not _deliverable(sender):  # it is written into the Return-Path as it stands
        raise SetError("forbiddenMailFrom")
    given = envelope.get("rcptTo")
    if not isinstance(given, list):
        raise invalid_properties("envelope/rcptTo")
    recipients = tuple(dict.fromkeys(_address(one, "rcptTo") for one in given))
    if not recipients:
        raise SetError("noRecipients")
    if len(recipients) > SMTP_RECIPIENTS:
        raise SetError("tooManyRecipients", None, {"maxRecipients": SMTP_RECIPIENTS})
    bad = [one for one in recipients if not _deliverable(one)]
    if bad:
        raise SetError("invalidRecipients", None, {"invalidRecipients": bad})
    return sender, recipients


def _address(given: Any, name: str) -> str:
    """The email of an Address; parameters of extensions that are not offered are refused."""
    if not isinstance(given, dict) or not isinstance(given.get("email"), str) or given.get("parameters"):
        raise invalid_properties(f"envelope/{name}")
    return str(given["email"])


def _deliverable(address: str) -> bool:
    try:
        parse_mailbox(address)
    except Invalid:
        return False
    return True
