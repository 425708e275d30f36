"""MESSAGELIMIT and SAVELIMIT: with how many messages one command may deal (RFC 9738, decision 0009)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from pillarbox.servers.imap.criteria import Asker
from pillarbox.servers.imap.errors import Refused
from pillarbox.servers.imap.selected import Selected, choose
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.codes import message_limit
from pillarbox.wire.imap.commands import Copy, Store
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.fetch import Fetch
from pillarbox.wire.imap.search import And, Key, Numbers, Search, Uids
from pillarbox.wire.imap.sets import STAR, SequenceSet

_Within = tuple[Any, bytes]
"""The arguments to obey, and the code to tell that they are not all that was asked for."""


def within_limit(session: Session, command: Command) -> _Within:
    """What a command may do at once. Raises Refused when it may only be done as a whole."""
    trim = _TRIMMED.get(command.name) if session.house.settings.message_limit else None
    return (command.arguments, b"") if trim is None else trim(session, command.arguments)


def told(session: Session, answer: Answer, code: bytes) -> Answer:
    """The answer, with the code of a command that dealt with a part; if it has another code, this one comes before it
    (RFC 9738 §3.1)."""
    if not code:
        return answer
    if answer.code or (answer.expunged and session.qresync):
        session.stream.write(encoder.untagged("NO", "not all of the messages", code))
        return answer
    return replace(answer, text=f"{answer.text} for the newest", code=code)


def check_append(session: Session, messages: int) -> None:
    """APPEND stores all its messages or none (RFC 9738 §3.1, last paragraph). Raises Refused."""
    limit = session.house.settings.message_limit
    if limit and messages > limit:
        raise Refused("NO", "too many messages in one command", message_limit(limit))


def _copy(session: Session, arguments: Copy) -> _Within:
    limit, selected = session.house.settings.message_limit, session.mailbox
    kept = _newest(selected.positions(arguments.messages, arguments.uid), limit)
    if kept is not None:
        raise Refused("NO", "too many messages to copy at once", _code(selected, limit, kept))
    return arguments, b""


def _part(session: Session, arguments: Fetch | Store | Copy) -> _Within:
    settings, selected = session.house.settings, session.mailbox
    limit = settings.message_limit
    if not settings.enforce_message_limit:
        return arguments, b""
    positions = selected.positions(arguments.messages, arguments.uid)
    if isinstance(arguments, Fetch) and arguments.partial is not None:
        if len(arguments.partial.cut(sum(map(len, positions)))) > limit:
            raise Refused("NO", "the range of PARTIAL is too large", message_limit(limit))
        return arguments, b""
    kept = _newest(positions, limit)
    if kept is None:
        return arguments, b""
    lowest = selected.uids[kept[0].start] if arguments.uid else kept[0].start + 1
    return replace(arguments, messages=_above(arguments.messages, lowest, selected, kept)), _code(selected, limit, kept)


def _search(session: Session, arguments: Search) -> _Within:
    """The messages that are looked at are counted, not those that are found."""
    settings, selected = session.house.settings, session.mailbox
    if not settings.enforce_message_limit:
        return arguments, b""
    looked_at = min(_candidates(selected, arguments.key), key=lambda positions: sum(map(len, positions)))
    kept = _newest(looked_at, settings.message_limit)
    if kept is None:
        return arguments, b""
    newest = Uids(SequenceSet(((selected.uids[kept[0].start], STAR),)))
    return replace(arguments, key=And((newest, arguments.key))), _code(selected, settings.message_limit, kept)


_TRIMMED: Final[dict[str, Callable[[Session, Any], _Within]]] = {
    "COPY": _copy,
    "UID COPY": _copy,
    "MOVE": _part,
    "UID MOVE": _part,
    "FETCH": _part,
    "UID FETCH": _part,
    "STORE": _part,
    "UID STORE": _part,
    "SEARCH": _search,
    "UID SEARCH": _search,
}
"""UID EXPUNGE counts messages with \\Deleted, and does so itself; EXPUNGE and CLOSE have no limit (RFC 9738 §3.1)."""


def _newest(positions: Sequence[range], limit: int) -> list[range] | None:
    """The last `limit` of these messages, the first of them first; None when there are no more."""
    count = sum(map(len, positions))
    return None if count <= limit else choose(positions, range(count - limit, count))


def _above(messages: SequenceSet, lowest: int, selected: Selected, kept: Sequence[range]) -> SequenceSet:
    """What is left of a set: from `lowest` on, or of a saved one the UIDs at those positions."""
    if messages.saved:
        return SequenceSet(tuple(selected.ranges(kept)))
    return SequenceSet(tuple((max(first, lowest), last) for first, last in messages.ranges if last >= lowest))


def _candidates(selected: Selected, key: Key) -> list[list[range]]:
    """Sets of messages among which all are that can be found."""
    named = [part for part in (key.keys if isinstance(key, And) else (key,)) if isinstance(part, Uids | Numbers)]
    asker = Asker(selected.uids, 0, findings=selected.findings)
    sets = [asker.positions(part.messages, uid=isinstance(part, Uids)) for part in named]
    return [[range(len(selected.uids))], *sets]


def _code(selected: Selected, limit: int, kept: Sequence[range]) -> bytes:
    return message_limit(limit, selected.uids[kept[0].start])
