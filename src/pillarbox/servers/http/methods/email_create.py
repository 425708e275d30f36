"""A message from the Email object a client creates (RFC 8621 §4.6), spooled and ready to be added."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pillarbox.core.errors import Invalid, TooBig
from pillarbox.core.ids import MailboxId
from pillarbox.message.compose import compose
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.bodies import body_of
from pillarbox.servers.http.methods.drafting import complete, header_pairs, named
from pillarbox.servers.http.methods.filters import mailbox_id
from pillarbox.servers.http.methods.keywords import Kept, kept_keywords
from pillarbox.store.model import Arrived, Place
from pillarbox.wire.jmap.dates import parse_utc
from pillarbox.wire.jmap.errors import SetError, invalid_properties

_BODY = frozenset(("bodyStructure", "bodyValues", "textBody", "htmlBody", "attachments"))
_METADATA = frozenset(("mailboxIds", "keywords", "receivedAt"))


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a message is to go: what create, import and copy say alike. `mailboxes` are ids or `#creation-id`s."""

    mailboxes: tuple[str, ...]
    keywords: Kept
    received: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A message ready to be added."""

    arrived: Arrived
    wish: Wish


def wish_of(given: Mapping[str, Any]) -> Wish:
    """Mailboxes, keywords and time of a new message. Raises SetError."""
    received = given.get("receivedAt")
    at = parse_utc(received) if isinstance(received, str) else None
    if received is not None and at is None:
        raise invalid_properties("receivedAt")
    return Wish(tuple(_mailboxes(given.get("mailboxIds"))), kept_keywords(given.get("keywords")), at)


def _mailboxes(value: Any) -> list[str]:
    if not isinstance(value, dict) or not value or not all(true is True for true in value.values()):
        raise invalid_properties("mailboxIds", description="a message is in at least one mailbox")
    return list(value)


def places_of(wish: Wish, real_id: Mapping[str, str]) -> list[Place]:
    """Where the message goes, creation ids replaced. Raises SetError for what is no mailbox id."""
    flags, keywords = wish.keywords
    return [Place(one, flags, tuple(sorted(keywords))) for one in mailbox_ids(wish.mailboxes, real_id)]


def mailbox_ids(names: tuple[str, ...], real_id: Mapping[str, str]) -> list[MailboxId]:
    """The mailboxes, each once. Raises SetError "invalidProperties"."""
    found: dict[MailboxId, None] = {}
    for name in names:
        one = mailbox_id(real_id.get(name[1:]) if name.startswith("#") else name)
        if one is None:
            raise invalid_properties("mailboxIds")
        found[one] = None
    return list(found)


async def draft_of(context: Context, given: Mapping[str, Any]) -> Draft:
    """Compose and spool. Raises SetError."""
    wrong = [name for name in given if not _settable(name)]
    if wrong:
        raise invalid_properties(*wrong)
    wish = wish_of(given)
    pairs = header_pairs(given)
    body = await body_of(context, given)
    defined = {name.lower() for name, _ in pairs}
    twice = [f"bodyStructure/header:{name}" for name, _ in body.headers if name.lower() in defined]
    if twice:
        raise invalid_properties(*twice)
    host = context.account.login.rpartition("@")[2] or "localhost"
    spool = context.store.spool()
    try:
        for piece in compose(complete([*pairs], host, context.hall.services.clock.now()), body):
            spool.write(piece)
        return Draft(await spool.finish(), wish)
    except Invalid as error:
        spool.discard()
        raise SetError("invalidProperties", str(error)) from error
    except TooBig as error:
        most = context.hall.settings.message_size
        raise SetError("tooLarge", "the message is too large", {"maxSize": most}) from error


def _settable(name: str) -> bool:
    """Whether a client may say this property; fields beginning with Content- belong to parts (RFC 8621 §4.6)."""
    if name in _BODY or name in _METADATA:
        return True
    found = named(name)
    return found is not None and not found.wanted.name.startswith("content-") and found.wanted.name != "mime-version"
