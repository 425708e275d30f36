"""What all searching commands share: from keys to UIDs, from UIDs to what RETURN asks for (RFC 4731, 5182, 9394)."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import compress
from operator import lt

from pillarbox.core.errors import MailError
from pillarbox.core.ids import AccountId, MailboxId
from pillarbox.core.limits import IMAP_SAVED, PAGE
from pillarbox.servers.imap.criteria import Asker, condition
from pillarbox.servers.imap.errors import Refused, bad
from pillarbox.servers.imap.findings import runs
from pillarbox.servers.imap.manner import CONDSTORE, UTF8
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.selected import Selected
from pillarbox.servers.imap.session import Session
from pillarbox.store import scoring
from pillarbox.store.model import Need
from pillarbox.store.query import Condition
from pillarbox.wire.imap import results
from pillarbox.wire.imap.codes import NOT_SAVED
from pillarbox.wire.imap.results import Correlator
from pillarbox.wire.imap.search import Key, Search

_SOME = 5 * PAGE  # numbers found between two turns of the loop
_DENSE = 8  # ascending UIDs are found together where they are one in so many or more
_EVERYTHING = frozenset({"ALL", "COUNT"})
_PART = frozenset({"MIN", "MAX", "PARTIAL"})
_SILENT = frozenset({"SAVE", "UPDATE", "CONTEXT"})  # these alone tell nothing

Scores = Mapping[int, int]
"""From UID to relevancy, 1 to 100."""


@contextmanager
def saving(selected: Selected, asked: Search) -> Iterator[None]:
    """A search whose result was to be saved and that ends with NO leaves nothing in `$` (RFC 5182 §2.1)."""
    try:
        yield
    except (Refused, MailError) as error:
        refused = isinstance(error, MailError) or error.status == "NO"
        if refused and asked.returns is not None and "SAVE" in asked.returns:
            selected.remember().clear()
        raise


def ready(session: Session, asked: Search) -> None:
    """What comes before a search: CONDSTORE is switched on by a MODSEQ key (RFC 7162 §3.1), and BAD when strings are
    UTF-8 anyway and are labelled all the same (RFC 6855 §3)."""
    if asked.labelled and UTF8 in session.enabled:
        raise bad("no charset is named after ENABLE UTF8=ACCEPT")
    if asked.uses_modseq:
        session.enable(CONDSTORE)


async def find(session: Session, progress: Progress, key: Key) -> Sequence[int]:
    """The UIDs of the messages the client knows that meet the key, in ascending order."""
    selected = session.mailbox
    question = condition(Asker.of(session), key)
    found = await session.store.search(selected.account, selected.mailbox_id, question, None, progress.step)
    return known(selected, found)


@dataclass(frozen=True, slots=True)
class Where:
    """A mailbox that was searched, and the question its messages were asked."""

    place: tuple[AccountId, MailboxId]
    question: Condition


def here(session: Session, key: Key) -> Where:
    """The selected mailbox."""
    return Where((session.mailbox.account, session.mailbox.mailbox_id), condition(Asker.of(session), key))


async def scores(session: Session, where: Where, uids: Sequence[int]) -> Scores:
    """How well these messages meet the FUZZY keys (RFC 6203 §4)."""
    return await scoring.scores(session.store, where.place, where.question, uids)


def known(selected: Selected, found: Sequence[int]) -> Sequence[int]:
    """Those of the UIDs, in their order, that the client knows: all up to the last one it was told of, since UIDs
    become visible in ascending order."""
    last = selected.uids[-1] if selected.uids else 0
    return found if max(found, default=0) <= last else [uid for uid in found if uid <= last]


async def numbers(selected: Selected, uids: Sequence[int], progress: Progress) -> list[int]:
    """The message numbers of UIDs the client knows, in their order."""
    found: list[int] = []
    at = -1
    for start in range(0, len(uids), _SOME):
        if start:
            await progress.step()
        some = uids[start : start + _SOME]
        low, high = selected.index(some[0]), selected.index(some[-1])
        if len(some) - 1 <= high - low < _DENSE * len(some) and all(map(lt, some, some[1:])):
            found += compress(range(low + 1, high + 2), map(set(some).__contains__, selected.uids[low : high + 1]))
            continue
        for uid in some:
            at = selected.index(uid, at + 1)
            found.append(at + 1)
    return found


async def tell(
    session: Session,
    progress: Progress,
    correlator: Correlator,
    asked: Search,
    uids: Sequence[int],
    where: Where | None = None,
) -> None:
    """Answer with what RETURN asks for of these messages, in the order asked for, and save them; they are in the
    selected mailbox if `where` does not say another."""
    returns = asked.returns or frozenset(("ALL",))
    if "SAVE" in returns:
        await _save(session.mailbox, progress, sorted(_returned(asked, uids)))
    if returns <= _SILENT:
        if "SAVE" not in returns:
            session.stream.write(results.esearch_items(correlator, ()))
        return
    told = uids if asked.uid else await numbers(session.mailbox, uids, progress)
    items = await asyncio.to_thread(_items, asked, told) if len(uids) > _SOME else _items(asked, told)
    if "RELEVANCY" in returns:
        fitting = await scores(session, where or here(session, asked.key), uids)
        items.append(results.relevancy([fitting.get(uid, 1) for uid in _listed(asked, uids)]))
    if asked.uses_modseq and (returned := sorted(_returned(asked, uids))):
        where = where or here(session, asked.key)
        items.append(results.modseq(await highest(session, progress, where.place, returned)))
    session.stream.write(results.esearch_items(correlator, items))


async def tell_plainly(session: Session, progress: Progress, word: bytes, asked: Search, uids: Sequence[int]) -> None:
    """`* SEARCH 2 3 6`, or SORT, and the highest mod-sequence of those if a key was about it (RFC 7162 §3.1.5)."""
    selected, stream = session.mailbox, session.stream
    told = uids if asked.uid else await numbers(selected, uids, progress)
    last = b"\r\n"
    if asked.uses_modseq and uids:
        place = (selected.account, selected.mailbox_id)
        last = b" (MODSEQ %d)\r\n" % await highest(session, progress, place, sorted(uids))
    stream.write(b"* %b" % word)
    for at in range(0, len(told), _SOME):
        stream.write("".join(map(" %d".__mod__, told[at : at + _SOME])).encode("ascii"))
        await session.breathe()
    stream.write(last)


def _items(asked: Search, told: Sequence[int]) -> list[bytes]:
    returns = asked.returns or frozenset(("ALL",))
    items = results.extent(told, returns)
    if asked.partial is not None:
        items.append(results.partial(asked.partial, _listed(asked, told)))
    return items


def _listed(asked: Search, told: Sequence[int]) -> Sequence[int]:
    """What is told one by one: all, or the part that PARTIAL asks for."""
    if asked.partial is None:
        return told
    cut = asked.partial.cut(len(told))
    return told[cut.start : cut.stop]


def _returned(asked: Search, uids: Sequence[int]) -> Sequence[int]:
    """The messages that are returned, and that `$` stands for: all of them unless only MIN, MAX and PARTIAL are asked
    for (RFC 4731 §3.2, RFC 5182 §2.4, RFC 9394 §3.2)."""
    returns = asked.returns or frozenset(("ALL",))
    if not uids or not returns & _PART or returns & _EVERYTHING:
        return uids
    some = set(_listed(asked, uids)) if "PARTIAL" in returns else set()
    some.update([uids[0]] * ("MIN" in returns), [uids[-1]] * ("MAX" in returns))
    return list(some)


async def _save(selected: Selected, progress: Progress, uids: Sequence[int]) -> None:
    """Have `$` stand for these messages, ascending."""
    positions = await numbers(selected, uids, progress)
    saved = await asyncio.to_thread(runs, uids, positions) if len(uids) > _SOME else runs(uids, positions)
    if len(saved) > 2 * IMAP_SAVED:
        raise Refused("NO", "too much to save", NOT_SAVED)
    selected.remember().saved = saved


async def highest(session: Session, progress: Progress, place: tuple[AccountId, MailboxId], uids: Sequence[int]) -> int:
    """The highest mod-sequence of the messages (RFC 7162 §3.1.5)."""
    found = 0
    for at in range(0, len(uids), _SOME):
        async for rows in session.store.placements(*place, uids[at : at + _SOME], Need.PLACEMENT):
            found = max(found, *(row.modseq for row in rows))
            await progress.step(at, len(uids))
    return found
