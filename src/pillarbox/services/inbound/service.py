"""Mail from outside: who may be written to, the trace it gets, the verdict, and its delivery."""

from collections.abc import Sequence

from pillarbox.core.errors import Denied
from pillarbox.services.delivery.recipient import find_recipient
from pillarbox.services.delivery.service import Envelope, deliver
from pillarbox.services.delivery.trace import Transport, received, return_path
from pillarbox.services.inbound.verdict import Action, Verdict, judge
from pillarbox.store.model import Arrived, Local, Remote
from pillarbox.store.spool import discard
from pillarbox.store.store import Store


class Inbound:
    """Takes mail for the domains of this server and for nobody else."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def recipient(self, address: str, size: int = 0) -> Local:
        """Whom `address` leads to, for a message of about `size` octets.

        Raises Denied for a domain that is not ours (there is no relaying), NotFound for nobody there, OverQuota.
        """
        found = await find_recipient(self._store, address, size)
        if isinstance(found, Remote):
            raise Denied("relaying")
        return found

    def trace(self, transport: Transport, sender: str, recipients: Sequence[str], delivery_id: str) -> bytes:
        """The lines that go before the message; part of its octets from now on."""
        only = recipients[0] if len(recipients) == 1 else None
        return return_path(sender) + received(transport, delivery_id, only, self._store.clock.now())

    async def accept(self, arrived: Arrived, sender: str, recipients: Sequence[Local], delivery_id: str) -> Verdict:
        """Judge the message and, unless it is rejected, deliver it: durable when this returns.

        `arrived` begins with `trace` of the same sender. Raises OverQuota, Unavailable; then nothing was delivered.
        """
        verdict = judge(arrived.summary)
        if verdict.action is Action.ACCEPT:
            envelope = Envelope(sender, tuple(recipients), delivery_id)
            await deliver(self._store, arrived, envelope)
        else:
            discard(arrived)
        return verdict
