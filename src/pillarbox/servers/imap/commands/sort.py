"""SORT and UID SORT, plain and with RETURN (RFC 5256 §3, RFC 5267 §3, RFC 5957, RFC 6203 §6)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pillarbox.core.ids import AccountId, MailboxId, Uid
from pillarbox.servers.imap import updating
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.searching import Scores, find, here, known, saving, scores, tell, tell_plainly
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store import sorting
from pillarbox.store.query import Condition, Order, Uids
from pillarbox.store.searching import Pause
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.results import Correlator
from pillarbox.wire.imap.search import Key
from pillarbox.wire.imap.sorting import Criterion, Sort

_ORDERS: Final = {
    "ARRIVAL": "received",
    "CC": "cc_box",
    "DATE": "sent",
    "FROM": "from_box",
    "SIZE": "size",
    "SUBJECT": "subject",
    "TO": "to_box",
    "DISPLAYFROM": "from",
    "DISPLAYTO": "to",
    "RELEVANCY": "relevancy",
}

Place = tuple[AccountId, MailboxId]


async def sort(session: Session, command: Command, arguments: Sort) -> Answer:
    """The messages the client knows that meet the keys, in the order of the criteria."""
    if arguments.search.uses_modseq:
        session.enable(CONDSTORE)
    selected = session.mailbox
    asked = updating.prepare(session, command.tag, arguments.search)
    order = _Sorting(session, _telling(arguments.criteria), asked.key)
    progress, correlator = Progress(session, command.tag), Correlator(command.tag, asked.uid)
    with saving(selected, asked):
        uids = known(session.mailbox, await order.found(progress))
        if asked.returns is None:
            await tell_plainly(session, progress, b"SORT", asked, uids)
        else:
            await tell(session, progress, correlator, asked, uids)
    if order.scored:  # a message that comes may change what the others are worth
        updating.refuse(session, correlator, asked)
    else:
        updating.begin(session, correlator, asked, uids, order)
    return Answer(f"{command.name} completed")


def _telling(criteria: Sequence[Criterion]) -> tuple[Criterion, ...]:
    """Each key where it comes first: after that it says nothing new."""
    first: dict[str, Criterion] = {}
    for one in criteria:
        first.setdefault(one.key, one)
    return tuple(first.values())


@dataclass(frozen=True, slots=True)
class _Sorting:
    """Puts messages of the selected mailbox in the order of the criteria."""

    session: Session
    criteria: tuple[Criterion, ...]
    key: Key

    @property
    def scored(self) -> bool:
        """By how well they fit, among other things."""
        return any(one.key == "RELEVANCY" for one in self.criteria)

    async def found(self, progress: Progress) -> Sequence[int]:
        """Those that meet the key, among them perhaps some that the client does not know."""
        if self.scored:
            return await self(await find(self.session, progress, self.key))
        where = here(self.session, self.key)
        return await self._sorted(where.place, where.question, {}, progress.step)

    async def __call__(self, uids: Sequence[int]) -> Sequence[int]:
        """These UIDs in order."""
        where = here(self.session, self.key)
        fitting = await scores(self.session, where, uids) if self.scored else {}
        return await self._sorted(where.place, Uids((), uids), fitting, None)

    async def _sorted(self, place: Place, question: Condition, fitting: Scores, pause: Pause | None) -> list[Uid]:
        orders = [Order(_ORDERS[one.key], one.reverse, fitting) for one in self.criteria]
        return await sorting.sort(self.session.store, place, question, orders, pause)
