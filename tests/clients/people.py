"""People with mail on the server: what is put into their mailboxes, and what is really there."""

from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.core.ids import AccountId
from pillarbox.store.model import Mailbox, Need, Place
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.server import PillarboxServer

_BATCH = 100  # messages put in one transaction


@dataclass(frozen=True, slots=True)
class Held:
    """A message in a mailbox."""

    uid: int
    flags: int
    keywords: frozenset[str]
    octets: bytes


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with mailboxes on the server; the password is PASSWORD."""

    server: PillarboxServer
    account: AccountId
    address: str

    @property
    def login(self) -> str:
        """The address as it is spelled in the user part of a URL."""
        return self.address.replace("@", "%40")

    def put(self, *messages: bytes, mailbox: str = "INBOX", flags: int = 0, received: int | None = None) -> None:
        """Messages in a mailbox, which is made when missing."""

        async def work(store: Store) -> None:
            place = await _mailbox(store, self.account, mailbox, flags)
            for start in range(0, len(messages), _BATCH):
                await _put(store, self.account, place, messages[start : start + _BATCH], received)

        self.server.store(work)

    def mail(self, mailbox: str = "INBOX") -> list[Held]:
        """All messages of a mailbox by UID."""

        async def work(store: Store) -> list[Held]:
            box = await store.mailbox_named(self.account, mailbox)
            held = []
            async for rows in store.placements(self.account, box.mailbox_id, [(1, 1 << 31)], Need.BLOB):
                for row in rows:
                    assert row.blob is not None
                    octets = await store.octets(self.account, row.blob)
                    held.append(Held(row.uid, row.flags, frozenset(row.keywords.split()), octets))
            return held

        return self.server.store(work)

    def octets(self, mailbox: str = "INBOX") -> list[bytes]:
        """The octets of all messages of a mailbox by UID."""
        return [held.octets for held in self.mail(mailbox)]

    def boxes(self) -> list[Mailbox]:
        """All mailboxes."""

        async def work(store: Store) -> list[Mailbox]:
            return await store.mailboxes(self.account)

        return self.server.store(work)

    def mailboxes(self) -> set[str]:
        """The full names of all mailboxes."""
        return {box.name for box in self.boxes()}


async def _mailbox(store: Store, account: AccountId, name: str, flags: int) -> Place:
    async def unit(tx: Transaction) -> Place:
        return Place((await tx.create_mailbox(account, name, exist_ok=True)).mailbox_id, flags)

    return await store.write([account], unit)


async def _put(store: Store, account: AccountId, place: Place, messages: Sequence[bytes], received: int | None) -> None:
    arrived = []
    for octets in messages:
        spooling = store.spool()
        spooling.write(octets)
        arrived.append(await spooling.finish())

    async def unit(tx: Transaction) -> None:
        for one in arrived:
            await tx.add(account, one, [place], received=received)

    await store.write([account], unit)
