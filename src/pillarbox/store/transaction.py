"""A transaction on one or more accounts: the only way to change the mail store (DESIGN §3)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import EllipsisType

from pillarbox.core.errors import Denied
from pillarbox.core.ids import AccountId, MailboxId, MessageId, Modseq, Uid
from pillarbox.store import adding, emails, expunging, flagging, mailboxes, metadata, moving, objects, queueing, sharing
from pillarbox.store.model import (
    Added,
    Arrived,
    BlobRef,
    Email,
    FlagChange,
    FlagResult,
    Kind,
    Mailbox,
    Place,
    Remote,
)
from pillarbox.store.naming import full_name, name_order
from pillarbox.store.queueing import Schedule
from pillarbox.store.ranges import UidSet
from pillarbox.store.rights import (
    ALL,
    ANYONE,
    KNOWING,
    NOTING,
    EntryChange,
    Found,
    curtailed,
    require,
    restricted,
    settable,
)
from pillarbox.store.work import Work

UNSET = ...
"""Leave as it is."""

NOW = Schedule()
NOWHERE = MailboxId(0)
"""No mailbox: what lies above those at the top."""


class Transaction:
    """What a unit of Store.write is handed. Only its methods may be awaited there; a unit may be run again.

    When it runs for a login, each method asks here, under the account's lock, whether that login may do so with the
    mailbox: Denied, or NotFound where the login may not even know of it (RFC 4314 §6).

    UIDs are given in order, or as closed ranges in order; those that do not exist are passed over. Everything one
    transaction does to an account has one modseq. A refusal that the unit catches (OverQuota, NotFound, Invalid,
    Exists, Conflict) has changed nothing.
    """

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    @property
    def now(self) -> int:
        """The time of the transaction, seconds UTC."""
        return self._work.now

    def modseq(self, account: AccountId) -> Modseq:
        """The modseq the transaction takes if it changes anything of the account; the last one is one less."""
        return self._work.ledger(account).modseq

    def changed(self, account: AccountId) -> bool:
        """Whether anything of the account has been changed so far."""
        ledger = self._work.ledger(account)
        return ledger.dirty or bool(ledger.traces) or any(box.changed for box in ledger.boxes.values())

    async def rights(self, account: AccountId, mailbox_id: MailboxId) -> frozenset[str]:
        """What the login may do with a mailbox, letters of RFC 4314 §2.1; all of them when it is its own."""
        login = self._work.login
        return ALL if login is None else await sharing.rights(self._work.connection, login, account, mailbox_id)

    async def find(self, name: str, needed: str) -> Found:
        """As Sharing.find, under the accounts' locks. NotFound also when the account found is not one of them."""
        login = self._work.login
        assert login is not None  # a name means something to a login only
        found = await sharing.find(self._work.connection, login, name, needed)
        mailbox = await self.mailbox(found.account, found.mailbox.mailbox_id)
        return Found(found.account, mailbox, found.rights, found.name)

    async def require(
        self, account: AccountId, mailbox_id: MailboxId, needed: str, any_of: frozenset[str] = KNOWING
    ) -> frozenset[str]:
        """What the login may do with a mailbox, if that is all that is `needed` and one `any_of`; see rights."""
        held = await self.rights(account, mailbox_id)
        require(held, needed, any_of)
        return held

    def _own(self, account: AccountId) -> None:
        """What is not a mailbox's, such as its special use, is for its owner alone."""
        if self._work.login not in (None, account):
            raise Denied("this is for the owner alone")

    async def mailbox(self, account: AccountId, mailbox_id: MailboxId) -> Mailbox:
        """A mailbox with its counters so far. NotFound."""
        return (await self._work.box(account, mailbox_id)).frozen()

    async def mailbox_named(self, account: AccountId, name: str) -> Mailbox:
        """The mailbox of that full name, INBOX in any case. NotFound."""
        return (await mailboxes.named(self._work, account, name)).frozen()

    async def mailboxes(self, account: AccountId) -> list[Mailbox]:
        """All mailboxes, by name, INBOX first."""
        boxes = await self._work.boxes(account)
        return [box.frozen() for box in sorted(boxes, key=lambda box: name_order(box.name))]

    async def create_mailbox(
        self,
        account: AccountId,
        name: str,
        role: str | None = None,
        subscribed: bool | None = True,
        exist_ok: bool = False,
    ) -> Mailbox:
        """Make a mailbox and those above it that are missing. Exists (name or role taken), Invalid.

        `subscribed` None: if its name is subscribed to. A mailbox that was only a name may hold messages again. It is
        open to those to whom the nearest one above it is. A login needs `k` there (RFC 4314 §4).
        """
        await self._may_create(account, name)
        if role is not None:
            self._own(account)
        return (await mailboxes.create(self._work, account, name, role, subscribed, exist_ok)).frozen()

    async def rename_mailbox(self, account: AccountId, mailbox_id: MailboxId, new_name: str) -> None:
        """Give a mailbox and what lies below it another full name, making what is missing above.

        INBOX stays and its messages move to a new mailbox (RFC 3501 §6.3.5). Exists, Invalid, NotFound. A login needs
        `x`, and `k` on the nearest mailbox above the new name.
        """
        await self.require(account, mailbox_id, "x")
        await self._may_create(account, new_name)
        await mailboxes.rename(self._work, account, mailbox_id, new_name)

    async def delete_mailbox(
        self, account: AccountId, mailbox_id: MailboxId, keep_messages: bool = False, keep_name: bool = False
    ) -> None:
        """Delete a mailbox with its placements; messages placed nowhere else cease to exist.

        Conflict when it has children, or `keep_messages` and it is not empty. Invalid for INBOX. `keep_name`, as IMAP
        deletes: what has children becomes only a name and goes with the last of them, a second time it is a Conflict;
        a name that is subscribed to stays so (RFC 3501 §6.3.4, §6.3.6).
        """
        await self.require(account, mailbox_id, "x")
        await mailboxes.delete(self._work, account, mailbox_id, keep_messages, keep_name)

    async def _may_create(self, account: AccountId, name: str) -> None:
        above = await mailboxes.nearest(self._work, account, full_name(name))
        if "k" not in await self.rights(account, NOWHERE if above is None else above.mailbox_id):
            raise Denied("no mailbox may be made there")  # whether one is there is not told

    async def change_acl(self, account: AccountId, mailbox_id: MailboxId, change: EntryChange) -> None:
        """Grant or deny rights (RFC 4314 §3.1); whoever they are for must be part of the transaction. Invalid."""
        await self.require(account, mailbox_id, "a")
        if change.grantee != ANYONE:
            self._work.ledger(change.grantee)
        await mailboxes.share(self._work, account, mailbox_id, change)

    async def subscribe(self, account: AccountId, name: str, subscribed: bool) -> None:
        """Subscribe to a name as this account calls it, or not any more. NotFound to begin with a name that no mailbox
        has that it sees. Invalid."""
        self._own(account)
        await mailboxes.subscribe(self._work, account, name, subscribed)

    async def update_mailbox(
        self,
        account: AccountId,
        mailbox_id: MailboxId,
        *,
        subscribed: bool | None = None,
        sort_order: int | None = None,
        role: str | EllipsisType | None = UNSET,
    ) -> None:
        """Change what is given. Exists when another mailbox has the role; Invalid."""
        self._own(account)
        await mailboxes.update(self._work, account, mailbox_id, subscribed, sort_order, role)

    async def add(
        self,
        account: AccountId,
        arrived: Arrived,
        places: Sequence[Place],
        *,
        received: int | None = None,
        delivery_id: str | None = None,
    ) -> Added:
        """A new message in one or more mailboxes. A repeated delivery id adds nothing. OverQuota, NotFound, Invalid.

        A login needs `i`; flags it may not set are left out (RFC 4314 §4).
        """
        allowed = [await self._placed(account, place) for place in places]
        return await adding.add(self._work, account, arrived, allowed, received, delivery_id)

    async def _placed(self, account: AccountId, place: Place) -> Place:
        bits, keywords = settable(await self.require(account, place.mailbox_id, "i"))
        return Place(place.mailbox_id, place.flags & bits, place.keywords if keywords else ())

    async def set_flags(
        self,
        account: AccountId,
        mailbox_id: MailboxId,
        uids: UidSet,
        change: FlagChange,
        unchanged_since: Modseq | None = None,
    ) -> FlagResult:
        """Change flags and keywords; what is as wanted already takes no modseq (RFC 7162 §3.1.3).

        Those a login may not change stay; Denied when that is all of them (RFC 4314 §4).
        """
        allowed = restricted(change, await self.require(account, mailbox_id, "r"))
        result = await flagging.set_flags(self._work, account, mailbox_id, uids, allowed, unchanged_since)
        return replace(result, curtailed=curtailed(allowed))

    async def copy(
        self,
        account: AccountId,
        mailbox_id: MailboxId,
        uids: UidSet,
        target_id: MailboxId,
        target_account: AccountId | None = None,
    ) -> list[tuple[Uid, Uid]]:
        """Place messages in another mailbox too: (UID, new UID) pairs. In another account they are new messages.

        A login needs `i` there; flags it may not set there are left out (RFC 4314 §4).
        """
        await self.require(account, mailbox_id, "r")
        target = await self._target(target_account or account, target_id)
        return await moving.copy(self._work, account, mailbox_id, uids, target)

    async def move(
        self,
        account: AccountId,
        mailbox_id: MailboxId,
        uids: UidSet,
        target_id: MailboxId,
        target_account: AccountId | None = None,
    ) -> list[tuple[Uid, Uid]]:
        """Place messages in another mailbox instead: (UID, new UID) pairs; as `copy`, and a login needs `t` and `e`."""
        await self.require(account, mailbox_id, "rte")
        target = await self._target(target_account or account, target_id)
        return await moving.move(self._work, account, mailbox_id, uids, target)

    async def _target(self, account: AccountId, mailbox_id: MailboxId) -> moving.Target:
        return moving.Target(account, mailbox_id, *settable(await self.require(account, mailbox_id, "i")))

    async def expunge(
        self, account: AccountId, mailbox_id: MailboxId, uids: UidSet | None, only_deleted: bool = True
    ) -> list[Uid]:
        """Take placements away (`uids` None: all), only those with \\Deleted unless told otherwise; their UIDs.

        A login needs `e`, and `t` for those without \\Deleted.
        """
        await self.require(account, mailbox_id, "e" if only_deleted else "te")
        return await expunging.expunge(self._work, account, mailbox_id, uids, only_deleted)

    async def email(self, account: AccountId, message_id: MessageId) -> Email:
        """A message as JMAP sees it, without preview, structure and headers. NotFound."""
        self._own(account)
        return await emails.email(self._work, account, message_id)

    async def update_email(
        self,
        account: AccountId,
        message_id: MessageId,
        *,
        mailboxes: frozenset[MailboxId] | None = None,
        keywords: tuple[int, frozenset[str]] | None = None,
    ) -> None:
        """Place a message in exactly these mailboxes, with exactly these flags and keywords. NotFound, Invalid."""
        self._own(account)
        await emails.update(self._work, account, message_id, mailboxes, keywords)

    async def destroy_email(self, account: AccountId, message_id: MessageId) -> None:
        """Take a message out of all mailboxes. NotFound."""
        self._own(account)
        await emails.destroy(self._work, account, message_id)

    async def add_upload(self, account: AccountId, arrived: Arrived, media_type: str) -> BlobRef:
        """Keep octets for JMAP_UPLOAD_LIFE without a message (RFC 8620 §6.1)."""
        self._own(account)
        return await queueing.add_upload(self._work, account, arrived, media_type)

    async def enqueue(
        self,
        account: AccountId | None,
        arrived: Arrived,
        sender: str,
        recipients: Sequence[str | Remote],
        schedule: Schedule = NOW,
    ) -> list[int]:
        """Put a message into the queue, a row for each remote recipient; their queue ids. `account` None: nobody's."""
        if account is not None:
            self._own(account)
        addresses = [one.address if isinstance(one, Remote) else one for one in recipients]
        return await queueing.enqueue(self._work, account, arrived, sender, addresses, schedule)

    async def set_metadata(
        self, account: AccountId, mailbox_id: MailboxId, reader: AccountId, values: Mapping[str, bytes | None]
    ) -> list[str]:
        """Set notes on a mailbox, or on the account (metadata.WHOLE); None removes one. Private ones are `reader`'s.

        The entries that were not so before. NotFound, TooBig for a value, OverQuota for too many. A login needs `w` to
        set shared ones on a mailbox.
        """
        if mailbox_id == metadata.WHOLE:
            self._own(account)
        else:
            alone = all(entry.startswith(metadata.PRIVATE) for entry in values)
            await self.require(account, mailbox_id, "l" if alone else "lw", NOTING)
        return await metadata.set_notes(self._work, account, mailbox_id, reader, values)

    async def set_server_metadata(self, values: Mapping[str, bytes | None]) -> Modseq:
        """Set shared notes on the server itself, None removes one; the version of the directory that has them.

        TooBig for a value, OverQuota for too many.
        """
        return await metadata.set_server_notes(self._work, values)

    async def put_object(self, account: AccountId, kind: Kind, object_id: str, data: bytes) -> None:
        """Make or replace a small document. TooBig, Invalid."""
        self._own(account)
        await objects.put(self._work, account, kind, object_id, data)

    async def get_object(self, account: AccountId, kind: Kind, object_id: str) -> bytes | None:
        """A small document, or None."""
        self._own(account)
        return await objects.get(self._work, account, kind, object_id)

    async def delete_object(self, account: AccountId, kind: Kind, object_id: str) -> None:
        """Delete a small document. NotFound."""
        self._own(account)
        await objects.delete(self._work, account, kind, object_id)
