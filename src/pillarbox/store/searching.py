"""Answering questions about messages row by row, from the columns of placements and messages."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pillarbox.core.ids import AccountId, MailboxId, MessageId, Uid
from pillarbox.store import query as q
from pillarbox.store.model import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN, Headers, MailboxView, Need, Row

if TYPE_CHECKING:
    from pillarbox.store.store import Store

_FLAGS = {"$seen": SEEN, "$answered": ANSWERED, "$flagged": FLAGGED, "$draft": DRAFT}
_EVERY_UID = ((1, (1 << 32) - 1),)


async def search(
    store: "Store", account: AccountId, mailbox_id: MailboxId, condition: q.Condition, view: MailboxView | None
) -> list[Uid]:
    """See Store.search."""
    known = None if view is None else set(view.uids)
    ranges = condition.ranges if isinstance(condition, q.Uids) else _EVERY_UID
    found: list[Uid] = []
    async for rows in store.placements(account, mailbox_id, ranges, Need.HEADERS | Need.BLOB):
        for row in rows:
            if known is not None and row.uid not in known:
                continue
            if await _Subject(store, account, mailbox_id, row).meets(condition):
                found.append(row.uid)
    return found


async def query(
    store: "Store", account: AccountId, condition: q.Condition, order: Sequence[q.Order], collapse_threads: bool
) -> list[MessageId]:
    """See Store.query."""
    subjects: dict[MessageId, list[_Subject]] = {}
    for mailbox in await store.mailboxes(account):
        async for rows in store.placements(account, mailbox.mailbox_id, _EVERY_UID, Need.HEADERS | Need.BLOB):
            for row in rows:
                if not row.flags & DELETED:
                    subjects.setdefault(row.message_id, []).append(_Subject(store, account, mailbox.mailbox_id, row))
    found = []
    for placements in subjects.values():
        for placement in placements:
            if await placement.meets(condition):
                found.append(placement)
                break
    found.sort(key=lambda one: one.row.message_id, reverse=True)
    for by in reversed(order or (q.Order(),)):
        found.sort(key=lambda one, by=by: _sort_key(one.row, by.by), reverse=by.descending)  # type: ignore[misc]
    if collapse_threads:
        seen: dict[int, _Subject] = {}
        for one in found:
            seen.setdefault(one.row.thread_id, one)
        found = list(seen.values())
    return [one.row.message_id for one in found]


def _sort_key(row: Row, by: str) -> Any:
    headers = row.headers
    assert headers is not None
    if by.startswith("keyword:"):
        return _has_keyword(row, by[len("keyword:") :])
    people = {"from": headers.from_, "to": headers.to}
    if by in people:
        return next(((name or address).casefold() for name, address in people[by]), "")
    values: dict[str, Any] = {
        "received": row.received,
        "sent": headers.sent_at or row.received,
        "size": row.size,
        "subject": headers.base_subject.casefold(),
    }
    return values[by]


def _has_keyword(row: Row, name: str) -> bool:
    bit = _FLAGS.get(name.lower())
    return bool(row.flags & bit) if bit else name.lower() in row.keywords.lower().split()


class _Subject:
    """One placement that is asked about."""

    __slots__ = ("_account", "_mailbox_id", "_store", "row")

    def __init__(self, store: "Store", account: AccountId, mailbox_id: MailboxId, row: Row) -> None:
        self._store = store
        self._account = account
        self._mailbox_id = mailbox_id
        self.row = row

    async def meets(self, condition: q.Condition) -> bool:
        """Whether the placement meets the condition."""
        if isinstance(condition, q.And):
            return all([await self.meets(part) for part in condition.parts])
        if isinstance(condition, q.Or):
            return any([await self.meets(part) for part in condition.parts])
        if isinstance(condition, q.Not):
            return not await self.meets(condition.part)
        if isinstance(condition, q.Header | q.Text):
            return await self._text(condition)
        if isinstance(condition, q.InMailbox):
            if condition.mailbox_id is not None:
                return self._mailbox_id == condition.mailbox_id
            return self._mailbox_id not in condition.others
        if isinstance(condition, q.ThreadKeyword):
            return await self._thread(condition)
        return _PLAIN[type(condition)](condition, self.row)

    async def _thread(self, condition: q.ThreadKeyword) -> bool:
        threads = await self._store.thread(self._account, [self.row.thread_id])
        members = threads.get(self.row.thread_id, [])
        some = await self._store.emails(self._account, members)
        bit = _FLAGS.get(condition.name.lower(), 0)
        have = [
            bool(one.flags & bit) if bit else condition.name.lower() in {word.lower() for word in one.keywords}
            for one in some.values()
        ]
        return {"all": all(have), "some": any(have), "none": not any(have)}[condition.how]

    async def _text(self, condition: q.Header | q.Text) -> bool:
        headers, blob = self.row.headers, self.row.blob
        assert headers is not None
        assert blob is not None
        wanted = condition.text.strip('"').casefold()
        if isinstance(condition, q.Text) and condition.where in _FIELDS:
            return wanted in _FIELDS[condition.where](headers).casefold()
        octets = (await self._store.many_octets(self._account, [blob]))[0] or b""
        header, _, body = octets.partition(b"\r\n\r\n")
        if isinstance(condition, q.Header):
            return _in_field(header, condition.name, wanted)
        text = body if condition.where == "body" else octets
        return wanted in text.decode("utf-8", "replace").casefold() or (
            condition.where == "text" and any(wanted in field(headers).casefold() for field in _FIELDS.values())
        )


def _in_field(header: bytes, name: str, wanted: str) -> bool:
    lines = header.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ").decode("utf-8", "replace").split("\r\n")
    prefix = f"{name.lower()}:"
    return any(line.lower().startswith(prefix) and wanted in line[len(prefix) :].casefold() for line in lines)


def _joined(people: Iterable[tuple[str | None, str]]) -> str:
    return " ".join(f"{name or ''} <{address}>" for name, address in people)


_FIELDS: dict[str, Callable[[Headers], str]] = {
    "from": lambda headers: _joined(headers.from_),
    "to": lambda headers: _joined(headers.to),
    "cc": lambda headers: _joined(headers.cc),
    "bcc": lambda headers: _joined(headers.bcc),
    "subject": lambda headers: headers.subject,
}


def _time(condition: q.Time, row: Row) -> bool:
    assert row.headers is not None
    at = {"received": row.received, "saved": row.saved, "sent": row.headers.sent_at}[condition.field]
    if at is None:
        return False
    return (condition.since is None or at >= condition.since) and (condition.before is None or at < condition.before)


_PLAIN: dict[type, Callable[[Any, Row], bool]] = {
    q.All: lambda condition, row: True,
    q.Flags: lambda condition, row: row.flags & condition.has == condition.has and not row.flags & condition.lacks,
    q.Keyword: lambda condition, row: _has_keyword(row, condition.name),
    q.Size: lambda condition, row: (
        row.size >= condition.least and (condition.under is None or row.size < condition.under)
    ),
    q.Time: _time,
    q.Uids: lambda condition, row: any(low <= row.uid <= high for low, high in condition.ranges),
    q.Ids: lambda condition, row: row.message_id in condition.message_ids,
    q.InThread: lambda condition, row: row.thread_id == condition.thread_id,
    q.ModifiedSince: lambda condition, row: row.modseq >= condition.modseq,
    q.HasAttachment: lambda condition, row: row.headers is not None and row.headers.has_attachment,
}
