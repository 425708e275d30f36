"""Email/set, Email/import and Email/copy (RFC 8621 §4.6 to §4.8)."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from pillarbox.core.errors import MailError, NotFound
from pillarbox.core.ids import AccountId, MessageId, parse_id, spell
from pillarbox.core.limits import JMAP_SET
from pillarbox.message.date import parse_date
from pillarbox.message.header import fields
from pillarbox.servers.http.blobs import find_blob, message_blob
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.errors import set_error
from pillarbox.servers.http.methods.email_create import Draft, draft_of, mailbox_ids, places_of, wish_of
from pillarbox.servers.http.methods.email_show import EMAIL_PROPERTIES
from pillarbox.servers.http.methods.keywords import kept_keywords, keywords_of
from pillarbox.servers.http.methods.setting import Outcome, attempt, write_set
from pillarbox.store.model import (
    MAILBOX_PREFIX,
    MESSAGE_PREFIX,
    THREAD_PREFIX,
    Email,
    Kind,
)
from pillarbox.store.spool import discard
from pillarbox.store.transaction import Transaction
from pillarbox.wire.jmap.arguments import Copy, Set
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.dates import spell_utc
from pillarbox.wire.jmap.errors import MethodError, SetError, invalid_arguments, invalid_properties
from pillarbox.wire.jmap.mail import EmailImport
from pillarbox.wire.jmap.patch import apply_patch, parse_patch

_MUTABLE = ("mailboxIds", "keywords")
_TRACE = 64 << 10  # octets of an imported message in which its Received fields are looked for


async def email_set(context: Context, arguments: Set) -> Json:
    """Email/set: messages are composed and spooled first, then everything happens in one transaction."""
    refused: dict[str, Json] = {}
    drafts: dict[str, Draft] = {}
    for key, given in (arguments.create or {}).items():
        try:
            drafts[key] = await draft_of(context, given)
        except SetError as error:
            refused[key] = error.value()
        except MailError as error:
            refused[key] = set_error(error).value()
    return await _write(context, arguments, drafts, refused)


async def _write(context: Context, arguments: Set, drafts: Mapping[str, Draft], refused: Mapping[str, Json]) -> Json:
    account = context.account_id
    doomed = frozenset(arguments.destroy or ())

    async def unit(tx: Transaction, outcome: Outcome) -> None:
        outcome.not_created.update(refused)
        for key, draft in drafts.items():
            await attempt(outcome.not_created, key, partial(_add, tx, account, outcome, key, draft))
        for key, patch in (arguments.update or {}).items():
            if key in doomed:
                outcome.not_updated[key] = SetError("willDestroy").value()
                continue
            await attempt(outcome.not_updated, key, partial(update_email, tx, account, outcome, key, patch))
        for key in dict.fromkeys(arguments.destroy or ()):
            await attempt(outcome.not_destroyed, key, partial(destroy_email, tx, account, outcome, key))

    try:
        return await write_set(context, Kind.EMAIL, arguments.if_in_state, unit)
    finally:
        for draft in drafts.values():
            discard(draft.arrived)


async def _add(tx: Transaction, account: AccountId, outcome: Outcome, key: str, draft: Draft) -> None:
    places = places_of(draft.wish, {**outcome.known, **outcome.ids})
    try:
        added = await tx.add(account, draft.arrived, places, received=draft.wish.received)
    except NotFound as error:
        raise invalid_properties("mailboxIds") from error
    shown: Json = {
        "blobId": message_blob(added.message_id),
        "threadId": spell(THREAD_PREFIX, added.thread_id),
        "size": draft.arrived.size,
    }
    outcome.make(key, spell(MESSAGE_PREFIX, added.message_id), shown)


def _number(outcome: Outcome, key: str) -> MessageId:
    """The message an id or `#creation-id` stands for. Raises SetError "notFound"."""
    number = parse_id(MESSAGE_PREFIX, outcome.real_id(key) or "")
    if number is None:
        raise SetError("notFound")
    return MessageId(number)


async def update_email(tx: Transaction, account: AccountId, outcome: Outcome, key: str, patch: Json) -> None:
    """Change the mailboxes and keywords of one message as a patch says."""
    message_id = _number(outcome, key)
    email = await tx.email(account, message_id)
    patch = _lowered(patch)
    before = _fixed(email)
    wrong = [name for (name, *_), _ in _items(patch) if name not in EMAIL_PROPERTIES]
    if wrong:
        raise invalid_properties(*wrong)
    fixed = [name for (name, *_), value in _items(patch) if name not in _MUTABLE and before.get(name, value) != value]
    unknown = [name for (name, *_), _ in _items(patch) if name not in before]
    if fixed or unknown:
        raise invalid_properties(*fixed, *unknown, description="cannot be changed")
    after = apply_patch(before, patch)
    touched = {name for (name, *_), _ in _items(patch)}
    keywords = kept_keywords(after["keywords"]) if "keywords" in touched else None
    mailboxes = None
    if "mailboxIds" in touched:
        wanted = after["mailboxIds"]
        if not isinstance(wanted, dict) or not wanted or not all(true is True for true in wanted.values()):
            raise invalid_properties("mailboxIds", description="a message is in at least one mailbox")
        mailboxes = frozenset(mailbox_ids(tuple(wanted), {**outcome.known, **outcome.ids}))
        for one in mailboxes - email.mailboxes:
            try:
                await tx.mailbox(account, one)
            except NotFound as error:
                raise invalid_properties("mailboxIds") from error
    await tx.update_email(account, message_id, mailboxes=mailboxes, keywords=keywords)
    outcome.updated[spell(MESSAGE_PREFIX, message_id)] = None


def _lowered(patch: Json) -> Json:
    """The patch with its keywords as they are kept (RFC 8621 §4.1.1: in any case, returned in lower case)."""
    lowered = {(name.lower() if name.startswith("keywords/") else name): value for name, value in patch.items()}
    if len(lowered) != len(patch):
        raise SetError("invalidPatch", "one keyword twice")
    return lowered


def _items(patch: Json) -> list[tuple[tuple[str, ...], object]]:
    return list(parse_patch(patch).items())


def _fixed(email: Email) -> Json:
    """The properties that are known without the message's header; a client may send them back unchanged."""
    return {
        "id": spell(MESSAGE_PREFIX, email.message_id),
        "blobId": message_blob(email.message_id),
        "threadId": spell(THREAD_PREFIX, email.thread_id),
        "mailboxIds": {spell(MAILBOX_PREFIX, one): True for one in email.mailboxes},
        "keywords": keywords_of(email),
        "size": email.size,
        "receivedAt": spell_utc(email.received),
    }


async def destroy_email(tx: Transaction, account: AccountId, outcome: Outcome, key: str) -> None:
    """Take one message out of all mailboxes."""
    message_id = _number(outcome, key)
    await tx.destroy_email(account, message_id)
    outcome.destroyed.append(spell(MESSAGE_PREFIX, message_id))


async def email_import(context: Context, arguments: EmailImport) -> Json:
    """Email/import: uploaded octets become messages, octet for octet."""
    if len(arguments.emails) > JMAP_SET:
        raise MethodError("requestTooLarge", f"more than {JMAP_SET} messages")
    refused: dict[str, Json] = {}
    drafts: dict[str, Draft] = {}
    for key, given in arguments.emails.items():
        try:
            drafts[key] = await _imported(context, given)
        except SetError as error:
            refused[key] = error.value()
        except MailError as error:
            refused[key] = set_error(error).value()
    whole = Set(account_id=arguments.account_id, if_in_state=arguments.if_in_state)
    answer = await _write(context, whole, drafts, refused)
    names = ("accountId", "oldState", "newState", "created", "notCreated")
    return {name: answer[name] for name in names}


async def _imported(context: Context, given: Json) -> Draft:
    blob_id = given.get("blobId")
    wrong = [name for name in given if name not in ("blobId", "mailboxIds", "keywords", "receivedAt")]
    if wrong or not isinstance(blob_id, str):
        raise invalid_properties(*wrong, *(() if isinstance(blob_id, str) else ("blobId",)))
    wish = wish_of(given)
    try:
        blob = await find_blob(context.store, context.account_id, context.real_id(blob_id) or blob_id)
    except NotFound as error:
        raise invalid_properties("blobId") from error
    spool = context.store.spool()
    head = b""
    try:
        async for chunk in blob.chunks():
            spool.write(chunk)
            head += chunk[: max(0, _TRACE - len(head))]
        arrived = await spool.finish()
    except BaseException:
        spool.discard()
        raise
    if arrived.summary.root.body == 0:
        discard(arrived)
        raise SetError("invalidEmail", "the octets do not begin with a message header")
    if wish.received is None:
        wish = replace(wish, received=_received(head[: arrived.summary.root.body]))
    return Draft(arrived, wish)


def _received(header: bytes) -> int | None:
    """When the most recent Received field says the message came (RFC 8621 §4.8), None when there is none."""
    for field in fields(header, 0, len(header)):
        if field.name.lower() == b"received":
            return parse_date(field.raw.rpartition(b";")[2])
    return None


async def email_copy(context: Context, arguments: Copy) -> Json:
    """Email/copy: everybody has one account, and within one there is nothing to copy (RFC 8620 §5.4)."""
    if arguments.from_account_id == context.spelled:
        raise invalid_arguments("fromAccountId and accountId are the same account")
    raise MethodError("fromAccountNotFound")
