"""One IMAP connection: who is talking, in which state, with which mailbox; the only place where the state changes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeVar

import structlog

from pillarbox.core import limits
from pillarbox.core.errors import MailError
from pillarbox.core.ids import AccountId, Modseq
from pillarbox.net.stream import Stream
from pillarbox.servers.imap.appending import Appending
from pillarbox.servers.imap.capabilities import When, advertised
from pillarbox.servers.imap.house import House
from pillarbox.servers.imap.manner import Manner, closure, manner
from pillarbox.servers.imap.notifying import Notifying
from pillarbox.servers.imap.noting import Noting
from pillarbox.servers.imap.selected import NOTHING, Selected, spell_defined
from pillarbox.services.login.exchange import Exchange, offered
from pillarbox.store.model import Account
from pillarbox.store.rights import KNOWING, Found
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from pillarbox.store.watching import DIRECTORY, Watch
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.decoder import Decoder
from pillarbox.wire.imap.limits import BEFORE_LOGIN, Limits

log = structlog.get_logger("imap")

T = TypeVar("T")


class State(Enum):
    """The states of RFC 3501 §3."""

    NOT_AUTHENTICATED = "not authenticated"
    AUTHENTICATED = "authenticated"
    SELECTED = "selected"
    LOGOUT = "logout"


@dataclass(frozen=True, slots=True)
class Answer:
    """The tagged OK of a command. `expunged`: with QRESYNC it carries the mod-sequence (RFC 7162 §3.2.7)."""

    text: str
    code: bytes | str = b""
    expunged: bool = False


class Session:
    """What one connection has come to. `waiting` is the tag of an IDLE or AUTHENTICATE under way. `identity`: what the
    client says it is, whoever logs in. `enabled`: what was switched on by ENABLE or by a command that implies it;
    `manner`: how answers are spelled for that. `jmap`: JMAP would take the credentials too."""

    __slots__ = (
        "account",
        "appending",
        "decoder",
        "enabled",
        "errors",
        "exchange",
        "house",
        "identity",
        "jmap",
        "manner",
        "notifying",
        "noting",
        "selected",
        "state",
        "stream",
        "waiting",
        "warned",
        "watch",
    )

    def __init__(self, stream: Stream, house: House) -> None:
        self.stream = stream
        self.house = house
        self.decoder = Decoder(offered=house.commands)
        self.identity: tuple[tuple[str, str | None], ...] = ()
        self._begin()

    def _begin(self) -> None:
        """Nobody is logged in: everything but the connection itself is as it is at first."""
        self.state = State.NOT_AUTHENTICATED
        self.account: Account | None = None
        self.jmap = False
        self.selected: Selected | None = None
        self.watch: Watch | None = None
        self.exchange: Exchange | None = None
        self.appending: Appending | None = None
        self.notifying: Notifying | None = None
        self.noting: Noting | None = None
        self.waiting = b""
        self.enabled: frozenset[str] = frozenset()
        self.manner: Manner = manner(self.enabled)
        self.errors = 0
        self.warned = False

    # -- what commands ask

    @property
    def store(self) -> Store:
        """The mail store."""
        return self.house.store

    @property
    def owner(self) -> AccountId:
        """The account logged in."""
        assert self.account is not None  # the table lets commands that ask through after login only
        return self.account.account_id

    @property
    def mailbox(self) -> Selected:
        """The mailbox selected."""
        assert self.selected is not None  # the table lets commands that ask through in the selected state only
        return self.selected

    @property
    def recent(self) -> frozenset[int]:
        """The UIDs that are \\Recent in the mailbox selected; none to a client of rev2 (RFC 9051 appendix E)."""
        return NOTHING if self.manner.rev2 else self.mailbox.recent

    @property
    def condstore(self) -> bool:
        """Mod-sequences go with every change of flags (RFC 7162 §3.1)."""
        return self.manner.condstore

    @property
    def qresync(self) -> bool:
        """VANISHED takes the place of EXPUNGE (RFC 7162 §3.2)."""
        return self.manner.qresync

    @property
    def rev2(self) -> bool:
        """The client speaks IMAP4rev2 (RFC 9051)."""
        return self.manner.rev2

    @property
    def uid_only(self) -> bool:
        """Messages have no numbers (RFC 9586)."""
        return self.manner.uid_only

    @property
    def idling(self) -> bool:
        """IDLE is under way."""
        return bool(self.waiting) and self.exchange is None

    def may_log_in(self) -> bool:
        """Whether a password may be sent now: under TLS, or in clear from loopback where the settings allow it."""
        settings, stream = self.house.settings, self.stream
        return stream.tls is not None or (settings.plain_from_loopback and stream.peer.is_loopback)

    def capabilities(self) -> list[str]:
        """What is offered in the present state (RFC 3501 §6.1.1)."""
        conditions = {When.AUTHENTICATED}
        if self.house.settings.unauthenticate:
            conditions.add(When.UNAUTHENTICATE)
        if self.jmap and self.house.settings.jmap:
            conditions.add(When.JMAP)
        if self.state is State.NOT_AUTHENTICATED:
            conditions = {When.STRANGER, When.LOGIN if self.may_log_in() else When.NO_LOGIN}
            if self.house.tls is not None and self.stream.tls is None:
                conditions.add(When.CLEAR)
        mechanisms = offered(self.stream.tls, bound=True) if When.LOGIN in conditions else ()
        return advertised(frozenset(conditions), self.house.values, mechanisms)

    # -- what is sent

    async def send(self, lines: Iterable[bytes]) -> None:
        """Write many lines, a page at a time; others run and the peer may catch up in between."""
        page: list[bytes] = []
        for line in lines:
            page.append(line)
            if len(page) == limits.PAGE:
                self.stream.write(b"".join(page))
                page.clear()
                await self.breathe()
        self.stream.write(b"".join(page))

    async def breathe(self) -> None:
        """Wait for a peer that reads slowly, and let other sessions run."""
        await self.stream.drain()
        await asyncio.sleep(0)

    async def find(self, name: str, needed: str = "r", any_of: frozenset[str] = KNOWING) -> Found:
        """The mailbox of that name, if it can hold messages, for who holds the rights `needed` (see Sharing.find)."""
        return await self.store.sharing.find(self.owner, name, needed, any_of)

    async def recheck(self) -> None:
        """Ask anew what the login may do in the selected mailbox, when that is another's; once it may not be read, the
        connection ends (RFC 4314 §5.1.1)."""
        selected = self.selected
        if selected is None or selected.account == self.owner:
            return
        rights = await self.store.sharing.rights(self.owner, selected.account, selected.mailbox_id)
        if "r" not in rights:
            self.bye("the selected mailbox may not be read any more")
        elif rights != selected.rights:
            selected.rights = rights
            self.stream.write(spell_defined(selected))

    async def write(
        self, accounts: Sequence[AccountId], unit: Callable[[Transaction], Awaitable[T]], *, apart: bool = False
    ) -> T:
        """Change accounts on behalf of the login (see Store.write); what that does to the selected mailbox is told with
        the answer."""
        taken: dict[AccountId, Modseq] = {}

        async def noted(tx: Transaction) -> T:
            value = await unit(tx)
            taken.clear()
            taken.update((one, tx.modseq(one)) for one in accounts if tx.changed(one))
            return value

        plain = self.notifying is None and self.noting is None
        try:
            value = await self.store.write(accounts, unit if plain else noted, self.owner, apart=apart)
        finally:
            if self.selected is not None:
                self.selected.stale = True
        if self.notifying is not None:
            self.notifying.changed(taken)
        if self.noting is not None:
            self.noting.changed(taken)
        return value

    def enable(self, *names: str) -> None:
        """Switch on what ENABLE or another command asks for. From the first CONDSTORE on MODSEQ goes with every change,
        and HIGHESTMODSEQ is told (RFC 7162 §3.1)."""
        before = self.manner
        self.enabled |= closure(names)
        self.manner = manner(self.enabled)
        self.decoder.utf8 = self.manner.utf8
        if self.manner.condstore and not before.condstore and self.selected is not None:
            code = encoder.code("HIGHESTMODSEQ", max(self.selected.modseq, 1))
            self.stream.write(encoder.untagged("OK", "mod-sequences from now on", code))

    # -- the state

    def log_in(self, account: Account, jmap: bool = True) -> Answer:
        """Not authenticated → authenticated. `jmap`: JMAP would take the same credentials (RFC 9698 §3)."""
        self.account = account
        self.jmap = jmap
        self.state = State.AUTHENTICATED
        self.errors = 0
        largest = self.store.settings.message_size
        self.decoder.limits = Limits(message=largest, refused=limits.IMAP_ENDURANCE * largest)
        log.info("imap.login", session=self.stream.id, login=account.login, tls=self.stream.tls is not None)
        return Answer("logged in", " ".join(("CAPABILITY", *self.capabilities())))

    def log_out(self) -> None:
        """Authenticated or selected → not authenticated (RFC 8437 §5)."""
        self._let_go()
        self._begin()
        self.decoder.limits = BEFORE_LOGIN
        self.decoder.utf8 = False

    async def note_device(self) -> None:
        """Remember what program reads this account's mail, if it has said so (RFC 2971)."""
        if self.account is None or not self.identity:
            return
        try:
            await self.store.devices.note(self.account.account_id, self.identity, self.stream.peer.host)
        except MailError as error:
            log.warning("imap.device_not_noted", session=self.stream.id, reason=str(error))

    def select(self, selected: Selected) -> None:
        """Authenticated → selected."""
        self.selected = selected
        self.state = State.SELECTED
        self.watch = self.store.watch(selected.account, self.hint)

    def unselect(self) -> None:
        """Selected → authenticated."""
        watch, self.watch, self.selected = self.watch, None, None
        if watch is not None:
            watch.close()
        if self.state is State.SELECTED:
            self.state = State.AUTHENTICATED

    def hint(self, _account: AccountId, modseq: Modseq) -> None:
        """Something changed in the account: told at once while idling, else with the next command."""
        if self.selected is not None and modseq > self.selected.modseq:
            self.selected.stale = True
            if self.idling or (self.notifying is not None and self.notifying.wanted):
                self.stream.work()

    def notify(self, notifying: Notifying | None) -> None:
        """From now on tell what is asked for (RFC 5465)."""
        if self.notifying is not None:
            self.notifying.close()
        self.notifying = notifying

    async def note(self) -> None:
        """From now on look out for notes that others change (RFC 5464 §4.4.2)."""
        if self.noting is None:
            self.noting = Noting(self.wake)
        shared = await self.store.sharing.shared(self.owner)
        for account in (self.owner, DIRECTORY, *(one.account for one in shared)):
            await self.noting.follow(self.store, account)

    def wake(self) -> None:
        """There may be something to tell without being asked."""
        if self.idling or self.notifying is not None:
            self.stream.work()

    def mistake(self) -> None:
        """Count a bad command; too many of them end the connection."""
        self.errors += 1
        if self.errors >= limits.IMAP_ERRORS:
            self.bye("too many errors")

    def touch(self) -> None:
        """The client has until then to say something."""
        stranger = self.state is State.NOT_AUTHENTICATED
        self.stream.touch(limits.IMAP_UNAUTHENTICATED_IDLE if stranger else limits.IMAP_IDLE)

    def bye(self, text: str, code: str = "") -> None:
        """Say goodbye and close."""
        if self.state is not State.LOGOUT:
            self.state = State.LOGOUT
            self.stream.write(encoder.untagged("BYE", text, code))
            self.stream.close()

    def leave(self, last: bytes) -> None:
        """Any state → logout: send the last lines and close."""
        self.state = State.LOGOUT
        self.stream.write(last)
        self.stream.close()

    def lost(self) -> None:
        """The connection is gone."""
        self._let_go()
        if self.appending is not None:
            self.appending.discard()
            self.appending = None

    def _let_go(self) -> None:
        self.unselect()
        self.notify(None)
        if self.noting is not None:
            self.noting.close()
