"""Submission: mail of our own people, to be delivered here and queued for elsewhere (RFC 6409)."""

from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.core.errors import Denied, Invalid, NotFound, OverQuota
from pillarbox.core.ids import AccountId
from pillarbox.services.delivery.recipient import find_recipient
from pillarbox.services.delivery.service import Envelope, accounts_of, new_delivery_id, place
from pillarbox.services.delivery.trace import Transport, received, return_path
from pillarbox.services.submission.manuscript import Manuscript
from pillarbox.store.model import Arrived, BlobRef, Local, Remote
from pillarbox.store.spool import discard
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from pillarbox.wire.smtp.data import LineCheck


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of a submission: the address as it was given, and where it leads."""

    address: str
    target: Local | Remote


@dataclass(frozen=True, slots=True)
class Submitted:
    """What became of a submission. `statuses`: for each recipient its address and "local" (delivered) or "queued"."""

    submission_id: str
    statuses: tuple[tuple[str, str], ...]
    queued: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that was checked and completed and can be sent in a transaction. Whoever has it calls
    `store.spool.discard(ready.arrived)` in the end."""

    arrived: Arrived
    envelope: Envelope
    statuses: tuple[tuple[str, str], ...]

    @property
    def accounts(self) -> list[AccountId]:
        """What the transaction is begun with."""
        return accounts_of(self.envelope)


async def send(tx: Transaction, ready: Ready) -> Submitted:
    """Deliver and queue, as part of a transaction on `ready.accounts`, so that what says that the message was sent is
    written with it or not at all. OverQuota, Unavailable: let it roll back the transaction."""
    delivered = await place(tx, ready.arrived, ready.envelope)
    return Submitted(ready.envelope.delivery_id, ready.statuses, delivered.queued)


class BadRecipients(NotFound):
    """Recipients at our domains that do not exist or have no room: `addresses` as they were given."""

    def __init__(self, addresses: tuple[str, ...]) -> None:
        super().__init__(f"{len(addresses)} bad recipients")
        self.addresses = addresses


class Submissions:
    """Takes mail of an account that has logged in."""

    def __init__(self, store: Store, hostname: str) -> None:
        self._store = store
        self._hostname = hostname

    async def check_sender(self, account: AccountId, address: str) -> None:
        """Raises Denied unless the account may send as `address`; "" (the null reverse-path) is free to everybody."""
        if address and not await self._store.directory.may_send_as(account, address):
            raise Denied("not the account's address")

    async def recipient(self, address: str, size: int = 0) -> Recipient:
        """Where mail for `address` goes. Raises NotFound for nobody at a domain of ours, OverQuota."""
        return Recipient(address, await find_recipient(self._store, address, size))

    def begin(self, transport: Transport, sender: str, recipients: Sequence[Recipient], mark: str) -> Manuscript:
        """What the octets of the message are written to; trace and completed header go before them.

        `mark` is the submission's id; the client's address is not told to anybody.
        """
        only = recipients[0].address if len(recipients) == 1 else None
        now = self._store.clock.now()
        spool = self._store.spool()
        spool.write(return_path(sender) + received(transport, mark, only, now))
        return Manuscript(spool, sender.rpartition("@")[2] or self._hostname, now)

    async def submit(
        self, account: AccountId, manuscript: Manuscript, sender: str, recipients: Sequence[Recipient], mark: str
    ) -> Submitted:
        """Deliver and queue the message in one transaction; durable when this returns.

        Raises as `prepare`, and OverQuota, Unavailable; then nothing was sent to anybody.
        """
        return await self.dispatch(await self.prepare(account, manuscript, sender, recipients, mark))

    async def dispatch(self, ready: Ready) -> Submitted:
        """Send what is ready in a transaction of its own; durable when this returns. Raises OverQuota, Unavailable."""
        try:
            return await self._store.write(ready.accounts, lambda tx: send(tx, ready))
        finally:
            discard(ready.arrived)

    async def prepare(
        self, account: AccountId, manuscript: Manuscript, sender: str, recipients: Sequence[Recipient], mark: str
    ) -> Ready:
        """The message made ready to be sent.

        Raises Denied when From names an address that is not the account's, Invalid for a header without one From,
        TooBig.
        """
        try:
            await self.check_sender(account, sender)
            arrived = await manuscript.finish()
        except BaseException:
            manuscript.discard()
            raise
        try:
            for author in manuscript.authors:
                await self.check_sender(account, author)
        except BaseException:
            discard(arrived)
            raise
        local = tuple(one.target for one in recipients if isinstance(one.target, Local))
        remote = tuple(one.target.address for one in recipients if isinstance(one.target, Remote))
        statuses = tuple((one.address, "local" if isinstance(one.target, Local) else "queued") for one in recipients)
        return Ready(arrived, Envelope(sender, local, mark, remote, account), statuses)

    async def prepare_stored(self, account: AccountId, blob: BlobRef, sender: str, recipients: Sequence[str]) -> Ready:
        """A message that is in the store already made ready to be sent, as JMAP EmailSubmission does.

        Raises as `prepare`, BadRecipients, and Invalid for octets that cannot go out by SMTP (CR or LF alone, NUL).
        """
        mark = new_delivery_id()
        targets = await self._targets(recipients, blob.length)
        manuscript = self.begin(Transport(self._hostname, "HTTP"), sender, targets, mark)
        lines = LineCheck()
        try:
            async for chunk in self._store.chunks(account, blob):
                lines.feed(chunk)
                manuscript.write(chunk)
            fault = lines.fault()
            if fault is not None:
                raise Invalid(fault.value)
        except BaseException:
            manuscript.discard()
            raise
        return await self.prepare(account, manuscript, sender, targets, mark)

    async def _targets(self, recipients: Sequence[str], size: int) -> list[Recipient]:
        found = []
        bad = []
        for address in dict.fromkeys(recipients):
            try:
                found.append(await self.recipient(address, size))
            except (NotFound, OverQuota, Invalid):
                bad.append(address)
        if bad:
            raise BadRecipients(tuple(bad))
        return found
