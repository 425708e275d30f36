"""From the filter and sort of an Email/query to what the store can be asked (RFC 8621 §4.4)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pillarbox.core.ids import MailboxId, parse_id
from pillarbox.core.limits import JMAP_FILTER, JMAP_FILTER_DEPTH
from pillarbox.servers.http.methods.keywords import FLAGS
from pillarbox.servers.http.methods.standard import checked_sort
from pillarbox.store import query
from pillarbox.store.model import MAILBOX_PREFIX
from pillarbox.store.query import Condition, Order
from pillarbox.wire.jmap.arguments import Comparator
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.dates import parse_utc
from pillarbox.wire.jmap.errors import MethodError, invalid_arguments
from pillarbox.wire.jmap.keywords import valid_keyword
from pillarbox.wire.jmap.session import EMAIL_SORTS

_OPERATORS: dict[str, Callable[[tuple[Condition, ...]], Condition]] = {
    "AND": query.And,
    "OR": query.Or,
    "NOT": lambda parts: query.Not(query.Or(parts)),
}


class _Budget:
    """Counts the operators and conditions of one filter."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = JMAP_FILTER

    def spend(self, depth: int) -> None:
        self.left -= 1
        if self.left < 0 or depth > JMAP_FILTER_DEPTH:
            raise MethodError("unsupportedFilter", "the filter is too large")


def condition_of(given: Json | None) -> Condition:
    """The condition a filter stands for. Raises MethodError "invalidArguments" or "unsupportedFilter"."""
    return query.All() if given is None else _filter(given, 1, _Budget())


def _filter(given: Any, depth: int, budget: _Budget) -> Condition:
    budget.spend(depth)
    if not isinstance(given, dict):
        raise invalid_arguments("a filter is an object")
    if "operator" not in given:
        parts = tuple(_one(name, value, budget, depth) for name, value in given.items())
        return parts[0] if len(parts) == 1 else query.And(parts)
    operator = _OPERATORS.get(given["operator"]) if isinstance(given["operator"], str) else None
    conditions = given.get("conditions")
    if operator is None or not isinstance(conditions, list) or len(given) != 2:
        raise invalid_arguments("a filter operator has an operator AND, OR or NOT, and conditions")
    return operator(tuple(_filter(one, depth + 1, budget) for one in conditions))


def _one(name: str, value: Any, budget: _Budget, depth: int) -> Condition:
    budget.spend(depth)
    make = _CONDITIONS.get(name)
    if make is None:
        raise MethodError("unsupportedFilter", f"there is no condition {name[:100]!r}")
    found = make(value)
    if found is None:
        raise invalid_arguments(f"the value of the condition {name} is not of its type")
    return found


def mailbox_id(value: Any) -> MailboxId | None:
    """The mailbox an id spells; None when it is none. An id that nothing has is a mailbox without messages."""
    number = parse_id(MAILBOX_PREFIX, value) if isinstance(value, str) else None
    return None if number is None else MailboxId(number)


def _in_mailbox(value: Any) -> Condition | None:
    if not isinstance(value, str):
        return None
    found = mailbox_id(value)
    return query.Or(()) if found is None else query.InMailbox(found)


def _other_than(value: Any) -> Condition | None:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        return None
    return query.InMailbox(None, tuple(found for one in value if (found := mailbox_id(one)) is not None))


def _before(value: Any) -> Condition | None:
    at = parse_utc(value) if isinstance(value, str) else None
    return None if at is None else query.Time("received", None, at)


def _after(value: Any) -> Condition | None:
    at = parse_utc(value) if isinstance(value, str) else None
    return None if at is None else query.Time("received", at, None)


def _number(value: Any) -> bool:
    return type(value) is int and value >= 0


def _keyword(value: Any) -> Condition | None:
    if not isinstance(value, str) or not valid_keyword(value):
        return None
    lower = value.lower()
    return query.Flags(has=FLAGS[lower]) if lower in FLAGS else query.Keyword(lower)


def _not_keyword(value: Any) -> Condition | None:
    found = _keyword(value)
    return None if found is None else query.Not(found)


def _in_thread(how: str) -> Callable[[Any], Condition | None]:
    def make(value: Any) -> Condition | None:
        if not isinstance(value, str) or not valid_keyword(value):
            return None
        return query.ThreadKeyword(value.lower(), how)

    return make


def _attachment(value: Any) -> Condition | None:
    if not isinstance(value, bool):
        return None
    return query.HasAttachment() if value else query.Not(query.HasAttachment())


def _text(where: str) -> Callable[[Any], Condition | None]:
    def make(value: Any) -> Condition | None:
        return query.Text(where, value, words=True) if isinstance(value, str) else None

    return make


def _header(value: Any) -> Condition | None:
    fits = isinstance(value, list) and len(value) in (1, 2) and all(isinstance(one, str) for one in value)
    if not fits or not value[0]:
        return None
    return query.Header(value[0], value[1] if len(value) == 2 else "")


_CONDITIONS: dict[str, Callable[[Any], Condition | None]] = {
    "inMailbox": _in_mailbox,
    "inMailboxOtherThan": _other_than,
    "before": _before,
    "after": _after,
    "minSize": lambda value: query.Size(least=value) if _number(value) else None,
    "maxSize": lambda value: query.Size(under=value) if _number(value) else None,
    "allInThreadHaveKeyword": _in_thread("all"),
    "someInThreadHaveKeyword": _in_thread("some"),
    "noneInThreadHaveKeyword": _in_thread("none"),
    "hasKeyword": _keyword,
    "notKeyword": _not_keyword,
    "hasAttachment": _attachment,
    "text": _text("text"),
    "from": _text("from"),
    "to": _text("to"),
    "cc": _text("cc"),
    "bcc": _text("bcc"),
    "subject": _text("subject"),
    "body": _text("body"),
    "header": _header,
}

_SORTS = {"receivedAt": "received", "sentAt": "sent", "size": "size", "from": "from", "to": "to", "subject": "subject"}


_THREAD_SORTS = {"allInThreadHaveKeyword": "all", "someInThreadHaveKeyword": "some"}
_THREAD_SORTS_MOST = 2  # each halves the results, and is a query more


@dataclass(frozen=True, slots=True)
class Sorting:
    """How results are ordered: first by what their threads have, each a condition and whether those that meet it come
    last; then by the keys the store knows."""

    threads: tuple[tuple[Condition, bool], ...]
    orders: tuple[Order, ...]

    @property
    def by_keyword(self) -> bool:
        """Whether a keyword decides."""
        return bool(self.threads) or any(order.by.startswith("keyword:") for order in self.orders)


def sorting_of(sort: Sequence[Comparator] | None) -> Sorting:
    """The sort keys. Raises MethodError "unsupportedSort" or "invalidArguments"."""
    threads: list[tuple[Condition, bool]] = []
    orders: list[Order] = []
    for one in checked_sort(sort, EMAIL_SORTS):
        if (by := _SORTS.get(one.property)) is not None:
            orders.append(Order(by, not one.is_ascending))
            continue
        if not isinstance(one.keyword, str) or not valid_keyword(one.keyword):
            raise invalid_arguments(f"a sort by {one.property} needs a keyword")
        keyword = one.keyword.lower()
        if (how := _THREAD_SORTS.get(one.property)) is None:
            orders.append(Order(f"keyword:{keyword}", not one.is_ascending))
        elif orders or len(threads) == _THREAD_SORTS_MOST:
            raise MethodError("unsupportedSort", "what threads have decides first or not at all")
        else:
            threads.append((query.ThreadKeyword(keyword, how), one.is_ascending))
    return Sorting(tuple(threads), tuple(orders))


def walk(condition: Condition) -> Sequence[Condition]:
    """The condition and everything in it."""
    found: list[Condition] = [condition]
    for one in found:
        if isinstance(one, query.And | query.Or):
            found.extend(one.parts)
        elif isinstance(one, query.Not):
            found.append(one.part)
    return found


def searches_text(condition: Condition) -> bool:
    """Whether the full-text index is asked: its answers may change without a change of any message."""
    return any(isinstance(one, query.Text) for one in walk(condition))


def looks_at_threads(condition: Condition, sorting: Sorting) -> bool:
    """Whether a message's place depends on others of its thread."""
    return bool(sorting.threads) or any(isinstance(one, query.ThreadKeyword) for one in walk(condition))


_IMMUTABLE = (
    query.All,
    query.And,
    query.Or,
    query.Not,
    query.Size,
    query.Time,
    query.HasAttachment,
    query.Header,
)


def mutable(condition: Condition, sorting: Sorting) -> bool:
    """Whether filter or sort look at what can change of a message: its mailboxes and keywords."""
    return sorting.by_keyword or not all(isinstance(one, _IMMUTABLE) for one in walk(condition))
