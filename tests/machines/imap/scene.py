"""One account with its mailboxes as they have to be, the clients that have them open, and the one who looks."""

from dataclasses import dataclass, field, replace

from pillarbox.core.ids import AccountId
from pillarbox.store.model import Place
from tests.machines.imap.letters import Letter
from tests.machines.imap.party import Party, spelled
from tests.machines.imap.world import Box, take_look
from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import Client, connect
from tests.stores import deliver

PATIENCE = 5.0  # seconds until an answer that does not come is missed
NAMES = ("INBOX", "Work", "Work/deep", "Été")


@dataclass(slots=True)
class Scene:
    """`guest` is the login of somebody who may do everything with the mailboxes `shared`. `letters` are found by the
    EMAILID they got. `can` are the capabilities, `said` is all that clients and server said. `ever`: mailbox name,
    UIDVALIDITY and UID mean one message for all time (RFC 9051 §2.3.1.1)."""

    house: House
    account: AccountId
    login: str
    guest: str
    observer: Client
    boxes: dict[str, Box]
    can: frozenset[str]
    shared: list[Box] = field(default_factory=list)
    parties: list[Party] = field(default_factory=list)
    letters: dict[bytes, Letter] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    ever: dict[tuple[str, int, int], bytes] = field(default_factory=dict)

    async def party(self, *, guest: bool = False) -> Party:
        """A new client, logged in as the owner or as the guest."""
        login, home = (self.guest, f"Other Users/{self.login}/") if guest else (self.login, "")
        return Party(await _client(self.house, login), home, said=self.said)

    def sees(self, party: Party, box: Box | None) -> bool:
        """Whether that client is sure to be allowed everything in the mailbox, if it is there."""
        return not party.guest or box in self.shared

    def name_of(self, box: Box) -> str:
        """The name a mailbox has now."""
        return next(name for name, one in self.boxes.items() if one is box)

    def there(self, box: Box) -> bool:
        """Whether the mailbox was not deleted."""
        return any(one is box for one in self.boxes.values())

    def hollow(self) -> set[str]:
        """Names that are there for what lies below them only."""
        return {name.rpartition("/")[0] for name in self.boxes if "/" in name} - self.boxes.keys()

    async def look(self, box: Box, *, trust: bool = False) -> None:
        """Hold a mailbox to what it has to be."""
        look = await take_look(self.observer, f'"{spelled(self.name_of(box))}"')
        if trust:
            box.trust(look, self.letters)
        new = [at for at, one in enumerate(box.mails, 1) if not one.email]
        box.meet(look)
        self.letters |= {one.email: one.letter for one in box.mails}
        name = self.name_of(box)
        for one in box.mails:
            assert self.ever.setdefault((name, box.uidvalidity, one.uid), one.email) == one.email
        for at in new:
            assert await self._octets(at) == box.mails[at - 1].letter.octets, "octets are sacred"

    async def _octets(self, number: int) -> bytes:
        (fetched,) = await self.observer.ok(f"FETCH {number} BODY.PEEK[]")
        return fetched.partition(b"}\r\n")[2][:-1]

    async def look_at_all(self, *, trust: bool = False) -> None:
        """The same of every mailbox."""
        for box in self.boxes.values():
            await self.look(box, trust=trust)

    async def deliver(self, name: str, letter: Letter) -> None:
        """Mail comes in by another door."""
        mailbox = await self.house.store.mailbox_named(self.account, name)
        await deliver(self.house.store, self.account, letter.octets, Place(mailbox.mailbox_id))
        self.boxes[name].put(replace(letter, received=None), frozenset())

    def close(self) -> None:
        """Everybody leaves."""
        for client in (self.observer, *(party.client for party in self.parties)):
            client.close()


async def _client(house: House, login: str) -> Client:
    client = await connect(house.port["imap"])
    client.patience = PATIENCE
    await client.ok(f"LOGIN {login} {PASSWORD}")
    return client


async def open_scene(house: House, parties: int, *, guest: bool = False) -> Scene:
    """A new account, some clients, a mailbox beside INBOX; the last client may be a guest."""
    account = await house.account()
    other = (await house.account()).login if guest else ""
    observer = await _client(house, account.login)
    (can,) = await observer.ok("CAPABILITY")
    await observer.ok("ENABLE CONDSTORE")
    await observer.ok("CREATE Work")
    boxes = {name: Box() for name in ("INBOX", "Work")}
    known = frozenset(can.decode().upper().split())
    scene = Scene(house, account.account_id, account.login, other, observer, boxes, known)
    await scene.look_at_all()
    for name in boxes if guest else ():
        await observer.ok(f"SETACL {name} {other} lrswipkxtea")
        scene.shared.append(boxes[name])
    scene.parties = [await scene.party(guest=guest and at == parties - 1) for at in range(parties)]
    return scene
