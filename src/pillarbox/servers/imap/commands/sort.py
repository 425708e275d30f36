"""SORT and UID SORT, plain and with RETURN (RFC 5256 §3, RFC 5267 §3, RFC 5957)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pillarbox.servers.imap import updating
from pillarbox.servers.imap.criteria import Asker, condition
from pillarbox.servers.imap.errors import bad
from pillarbox.servers.imap.manner import CONDSTORE
from pillarbox.servers.imap.progress import Progress
from pillarbox.servers.imap.searching import known, saving, tell, tell_plainly
from pillarbox.servers.imap.session import Answer, Session
from pillarbox.store import sorting
from pillarbox.store.query import Order, Uids
from pillarbox.wire.imap.events import Command
from pillarbox.wire.imap.results import Correlator
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
}


async def sort(session: Session, command: Command, arguments: Sort) -> Answer:
    """The messages the client knows that meet the keys, in the order of the criteria."""
    if arguments.search.uses_modseq:
        session.enable(CONDSTORE)
    selected, orders = session.mailbox, _orders(arguments.criteria)
    asked = updating.prepare(session, command.tag, arguments.search)
    progress, correlator = Progress(session, command.tag), Correlator(command.tag, asked.uid)
    with saving(selected, asked):
        place, question = (selected.account, selected.mailbox_id), condition(Asker.of(session), asked.key)
        found = await sorting.sort(session.store, place, question, orders, progress.step)
        uids = await known(selected, found, progress)
        if asked.returns is None:
            await tell_plainly(session, progress, b"SORT", asked, uids)
        else:
            await tell(session, progress, correlator, asked, uids)
    updating.begin(session, correlator, asked, uids, _Sorting(session, orders))
    return Answer(f"{command.name} completed")


def _orders(criteria: Sequence[Criterion]) -> tuple[Order, ...]:
    if any(one.key not in _ORDERS for one in criteria):
        raise bad("no order by that is offered")
    return tuple(Order(_ORDERS[one.key], one.reverse) for one in criteria)


@dataclass(frozen=True, slots=True)
class _Sorting:
    """Puts some UIDs of the selected mailbox in order."""

    session: Session
    orders: tuple[Order, ...]

    async def __call__(self, uids: Sequence[int]) -> Sequence[int]:
        selected = self.session.mailbox
        place = (selected.account, selected.mailbox_id)
        return await sorting.sort(self.session.store, place, Uids((), uids), self.orders, None)
