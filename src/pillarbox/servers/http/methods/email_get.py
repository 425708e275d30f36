"""Email/get and Email/parse (RFC 8621 §4.2, §4.9)."""

import asyncio
from collections.abc import Sequence

from pillarbox.core.errors import MailError, NotFound
from pillarbox.core.ids import MessageId, parse_id
from pillarbox.core.limits import JMAP_PARSE, PAGE
from pillarbox.message.digest import Summary, summarise
from pillarbox.message.structure import decode
from pillarbox.servers.http.blobs import find_blob, message_blob
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.email_show import (
    GET_DEFAULT,
    PARSE_DEFAULT,
    Plan,
    known,
    plan_of,
    show_listed,
    show_octets,
)
from pillarbox.servers.http.methods.parts import check_part_properties, tree_of
from pillarbox.servers.http.methods.source import Source, sources
from pillarbox.servers.http.methods.standard import state
from pillarbox.store.model import MESSAGE_PREFIX, BlobRef, Email, Headers
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError, invalid_arguments
from pillarbox.wire.jmap.mail import EmailGet, EmailParse

_OCTETS_AT_ONCE = 20  # messages whose octets are in memory together


def _plan(asked: Sequence[str] | None, default: Sequence[str]) -> Plan:
    for name in asked or ():
        if not known(name):
            raise invalid_arguments(f"there is no property {name[:100]!r}")
    return plan_of(default if asked is None else list(dict.fromkeys(asked)))


async def email_get(context: Context, arguments: EmailGet) -> Json:
    """Email/get. All messages at once are too many to be asked for."""
    if arguments.ids is None:
        raise MethodError("requestTooLarge", "name the messages")
    check_part_properties(arguments.body_properties)
    asked = None if arguments.properties is None else ["id", *arguments.properties]
    plan = _plan(asked, GET_DEFAULT)
    modseq = await context.store.modseq(context.account_id)
    numbers = {one: parse_id(MESSAGE_PREFIX, one) for one in arguments.ids}
    wanted = [MessageId(number) for number in numbers.values() if number is not None]
    found: dict[MessageId, Email] = {}
    for start in range(0, len(wanted), PAGE):
        part = wanted[start : start + PAGE]
        found.update(await context.store.emails(context.account_id, part, plan.need))
    listed = await _show_all(context, list(found.values()), plan, arguments)
    missing = [one for one, number in numbers.items() if number is None or MessageId(number) not in found]
    return {"accountId": context.spelled, "state": state(modseq), "list": listed, "notFound": missing}


async def _show_all(context: Context, emails: Sequence[Email], plan: Plan, arguments: EmailGet) -> list[Json]:
    shown = [show_listed(email, plan) for email in emails]
    if not plan.octets:
        return shown
    for start in range(0, len(emails), _OCTETS_AT_ONCE):
        some = emails[start : start + _OCTETS_AT_ONCE]
        for offset, (email, source) in enumerate(
            zip(some, await sources(context.store, context.account_id, some), strict=True)
        ):
            tree = tree_of(decode(email.structure), source, message_blob(email.message_id), nested=False)
            shown[start + offset].update(await show_octets(context, tree, plan, arguments))
    return shown


async def email_parse(context: Context, arguments: EmailParse) -> Json:
    """Email/parse: blobs shown as messages without being in a mailbox."""
    if len(arguments.blob_ids) > JMAP_PARSE:
        raise MethodError("requestTooLarge", f"more than {JMAP_PARSE} blobs")
    check_part_properties(arguments.body_properties)
    plan = _plan(arguments.properties, PARSE_DEFAULT)
    parsed: Json = {}
    missing: list[str] = []
    unreadable: list[str] = []
    for blob_id in dict.fromkeys(arguments.blob_ids):
        try:
            octets = await (await find_blob(context.store, context.account_id, blob_id)).read()
        except NotFound:
            missing.append(blob_id)
            continue
        except MailError:
            unreadable.append(blob_id)
            continue
        summary = await asyncio.to_thread(summarise, octets)
        if not _is_message(octets, summary):
            unreadable.append(blob_id)
            continue
        shown = await _parsed(context, blob_id, octets, summary, plan, arguments)
        parsed[blob_id] = shown
    return {
        "accountId": context.spelled,
        "parsed": parsed or None,
        "notParsable": unreadable or None,
        "notFound": missing or None,
    }


def _is_message(octets: bytes, summary: Summary) -> bool:
    """Whether octets begin with a header field: what does not is no message (RFC 8621 §4.9 notParsable)."""
    return summary.root.body > 0 and b"\0" not in octets[: summary.root.body]


async def _parsed(
    context: Context, blob_id: str, octets: bytes, summary: Summary, plan: Plan, arguments: EmailParse
) -> Json:
    email = Email(
        MessageId(1), 1, frozenset(), 0, frozenset(), len(octets), 0,  # type: ignore[arg-type]
        BlobRef("", 0, len(octets)), summary.preview, b"", headers_of(summary),  # type: ignore[arg-type]
    )  # fmt: skip
    shown = show_listed(email, plan)
    shown.update((name, None) for name in ("id", "threadId", "mailboxIds", "keywords", "receivedAt") if name in shown)
    if "blobId" in shown:
        shown["blobId"] = blob_id
    if plan.octets:
        source = Source(context.store, context.account_id, octets)
        tree = tree_of(summary.root, source, blob_id, nested=True)
        shown.update(await show_octets(context, tree, plan, arguments))
    return shown


def headers_of(summary: Summary) -> Headers:
    """The list fields of a message that is not in the store."""
    return Headers(
        summary.subject, summary.base_subject, summary.from_, summary.to, summary.cc, summary.bcc, summary.reply_to,
        summary.sender_field, summary.sent_at, summary.message_id, summary.in_reply_to, summary.references,
        summary.has_attachment,
    )  # fmt: skip
