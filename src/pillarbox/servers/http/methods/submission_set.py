"""EmailSubmission/set: real mail leaves here (RFC 8621 §7.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from pillarbox.core.errors import Denied, Invalid, MailError, NotFound, TooBig
from pillarbox.core.ids import AccountId, MessageId, Modseq, ordered_id, parse_id, spell
from pillarbox.core.limits import SMTP_RECIPIENTS
from pillarbox.message.address import parse_mailbox
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.errors import set_error
from pillarbox.servers.http.methods.email_set import email_set
from pillarbox.servers.http.methods.identity import identities
from pillarbox.servers.http.methods.setting import Outcome, attempt, write_set
from pillarbox.servers.http.methods.standard import check_state
from pillarbox.servers.http.methods.submission_get import submission
from pillarbox.services.submission.service import BadRecipients, Submitted
from pillarbox.store.model import MESSAGE_PREFIX, THREAD_PREFIX, Email, Headers, Kind, Need, StoredObject
from pillarbox.store.transaction import Transaction
from pillarbox.wire.jmap.arguments import Set
from pillarbox.wire.jmap.codec import Json, encode
from pillarbox.wire.jmap.dates import spell_utc
from pillarbox.wire.jmap.errors import MethodError, SetError, invalid_properties
from pillarbox.wire.jmap.mail import SubmissionSet

_SETTABLE = frozenset(("identityId", "emailId", "envelope", "undoStatus"))


@dataclass(frozen=True, slots=True)
class _Letter:
    """A submission that was checked: the message, and from whom to whom it goes."""

    identity_id: str
    email: Email
    sender: str
    recipients: tuple[str, ...]
    envelope: object


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message on its way, and the object that says so."""

    object_id: str
    data: Json


async def submission_set(context: Context, arguments: SubmissionSet) -> Json:
    """EmailSubmission/set, then one implicit Email/set for what is to happen to the messages that were sent."""
    await check_state(context, Kind.SUBMISSION, arguments.if_in_state)
    refused: dict[str, Json] = {}
    sent: dict[str, _Sent] = {}
    for key, given in (arguments.create or {}).items():
        try:
            sent[key] = await _send(context, given)
        except SetError as error:
            refused[key] = error.value()
        except MailError as error:
            refused[key] = set_error(error).value()
    emails = {f"#{key}": str(one.data["emailId"]) for key, one in sent.items()}
    for stored in await context.store.objects(context.account_id, Kind.SUBMISSION, _named(arguments)):
        emails[stored.object_id] = str(submission(stored)["emailId"])
    outcome, answer = await _record(context, arguments, sent, refused)
    await _afterwards(context, arguments, outcome, emails)
    return answer


def _named(arguments: SubmissionSet) -> list[str]:
    """The submissions of earlier calls whose messages may have to be changed."""
    names = {*(arguments.update or {}), *(arguments.destroy or ())}
    return sorted(name for name in names if not name.startswith("#"))


async def _record(
    context: Context, arguments: SubmissionSet, sent: Mapping[str, _Sent], refused: Mapping[str, Json]
) -> tuple[Outcome, Json]:
    """Keep the objects of what was sent, change and destroy others. What was sent is sent, so no state stops this."""
    account = context.account_id

    async def unit(tx: Transaction, outcome: Outcome) -> None:
        outcome.not_created.update(refused)
        for key, one in sent.items():
            await tx.put_object(account, Kind.SUBMISSION, one.object_id, encode(one.data))
            shown = {name: value for name, value in one.data.items() if name not in ("identityId", "emailId")}
            outcome.make(key, one.object_id, shown)
        for key, patch in (arguments.update or {}).items():
            await attempt(outcome.not_updated, key, partial(_update, tx, account, outcome, key, patch))
        for key in dict.fromkeys(arguments.destroy or ()):
            await attempt(outcome.not_destroyed, key, partial(_destroy, tx, account, outcome, key))

    return await write_set(context, Kind.SUBMISSION, None, unit)


async def _send(context: Context, given: Json) -> _Sent:
    """Send one message. Raises SetError; then nothing was sent."""
    letter = await _checked(context, given)
    try:
        submitted = await context.hall.services.submissions.submit_stored(
            context.account_id, letter.email.blob, letter.sender, letter.recipients
        )
    except BadRecipients as error:
        raise SetError("invalidRecipients", None, {"invalidRecipients": list(error.addresses)}) from error
    except Denied as error:
        raise SetError("forbiddenFrom", "the From field names an address that is not yours") from error
    except TooBig as error:
        raise SetError("tooLarge", None, {"maxSize": context.hall.settings.message_size}) from error
    except Invalid as error:
        raise SetError("invalidEmail", str(error), {"properties": ["from"]}) from error
    object_id = spell("S", ordered_id())
    return _Sent(object_id, _described(context, letter, submitted))


def _described(context: Context, letter: _Letter, submitted: Submitted) -> Json:
    """The properties of a submission; on systems that cannot unsend, undoStatus is final (RFC 8621 §7)."""
    return {
        "identityId": letter.identity_id,
        "emailId": spell(MESSAGE_PREFIX, letter.email.message_id),
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


async def _checked(context: Context, given: Json) -> _Letter:
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
        envelope = await _envelope(context, email.headers, str(known[identity_id]["email"]))
    sender, recipients = _parties(envelope)
    try:
        await context.hall.services.submissions.check_sender(context.account_id, sender)
    except Denied as error:
        raise SetError("forbiddenMailFrom") from error
    return _Letter(identity_id, email, sender, recipients, envelope)


async def _email(context: Context, text: str) -> Email | None:
    number = parse_id(MESSAGE_PREFIX, text)
    if number is None:
        return None
    found = await context.store.emails(context.account_id, [MessageId(number)], Need.BLOB | Need.HEADERS)
    return found.get(MessageId(number))


async def _envelope(context: Context, headers: Headers, identity: str) -> Json:
    """The envelope that follows from the header (RFC 8621 §7)."""
    named = headers.sender or headers.from_
    sender = named[0][1]
    if len(named) > 1 or not await context.store.directory.may_send_as(context.account_id, sender):
        sender = identity
    people = [address for _, address in (*headers.to, *headers.cc, *headers.bcc)]
    return {
        "mailFrom": {"email": sender, "parameters": None},
        "rcptTo": [{"email": one, "parameters": None} for one in dict.fromkeys(people)],
    }


def _parties(envelope: Any) -> tuple[str, tuple[str, ...]]:
    """Sender and recipients of an Envelope. Raises SetError."""
    if not isinstance(envelope, dict) or not set(envelope) <= {"mailFrom", "rcptTo"}:
        raise invalid_properties("envelope")
    sender = _address(envelope.get("mailFrom"), "mailFrom")
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


async def _update(tx: Transaction, account: AccountId, outcome: Outcome, key: str, patch: Json) -> None:
    """Nothing of a submission can be changed: what was sent is final."""
    real = outcome.real_id(key)
    data = None if real is None else await tx.get_object(account, Kind.SUBMISSION, real)
    if real is None or data is None:
        raise SetError("notFound")
    before = submission(StoredObject(real, data, Modseq(0)))
    if patch.get("undoStatus") == "canceled":
        raise SetError("cannotUnsend")
    wrong = [name for name, value in patch.items() if name not in before or before[name] != value]
    if wrong:
        raise invalid_properties(*wrong)
    outcome.updated[real] = None


async def _destroy(tx: Transaction, account: AccountId, outcome: Outcome, key: str) -> None:
    real = outcome.real_id(key)
    if real is None:
        raise SetError("notFound")
    try:
        await tx.delete_object(account, Kind.SUBMISSION, real)
    except NotFound as error:
        raise SetError("notFound") from error
    outcome.destroyed.append(real)


async def _afterwards(context: Context, arguments: SubmissionSet, outcome: Outcome, emails: Mapping[str, str]) -> None:
    """The implicit Email/set (RFC 8621 §7.5): only for submissions that went well."""
    well = {*(f"#{key}" for key in outcome.created), *outcome.updated, *outcome.destroyed}
    update = {
        emails[key]: patch
        for key, patch in (arguments.on_success_update_email or {}).items()
        if _went(key, well, emails)
    }
    destroy = [emails[key] for key in arguments.on_success_destroy_email or () if _went(key, well, emails)]
    if not update and not destroy:
        return
    more = Set(account_id=arguments.account_id, update=update or None, destroy=destroy or None)
    try:
        context.implied.append(("Email/set", await email_set(context, more)))
    except MethodError as error:
        context.implied.append(("error", error.value()))


def _went(key: str, well: set[str], emails: Mapping[str, str]) -> bool:
    return key in well and key in emails
