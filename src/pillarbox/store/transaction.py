"""A transaction on one or more accounts: the only way to change the mail store (DESIGN §3)."""

from collections.abc import Mapping, Sequence
from types import EllipsisType

from pillarbox.core.ids import AccountId, MailboxId, MessageId, Modseq, Uid
from pillarbox.store import adding, emails, expunging, flagging, mailboxes, metadata, moving, objects, queueing
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
from pillarbox.store.naming import name_order
from pillarbox.store.queueing import Schedule
from pillarbox.store.ranges import UidSet
from pillarbox.store.work import Work

UNSET = ...
"""Leave as it is."""

NOW = Schedule()


class Transaction:
    """What a unit of Store.write is handed. Only its methods may be awaited there; a unit may be run again.

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

        `subscribed` None: if its name is subscribed to. A mailbox that was only a name may hold messages again.
        """
        return (await mailboxes.create(self._work, account, name, role, subscribed, exist_ok)).frozen()

    async def rename_mailbox(self, account: AccountId, mailbox_id: MailboxId, new_name: str) -> None:
        """Give a mailbox and what lies below it another full name, making what is missing above.

        INBOX stays and its messages move to a new mailbox (RFC 3501 §6.3.5). Exists, Invalid, NotFound.
        """
        await mailboxes.rename(self._work, account, mailbox_id, new_name)

    async def delete_mailbox(
        self, account: AccountId, mailbox_id: MailboxId, keep_messages: bool = False, keep_name: bool = False
    ) -> None:
        """Delete a mailbox with its placements; messages placed nowhere else cease to exist.

        Conflict when it has children, or `keep_messages` and it is not empty. Invalid for INBOX. `keep_name`, as IMAP
        deletes: what has children becomes only a name and goes with the last of them, a second time it is a Conflict;
        a name that is subscribed to stays so (RFC 3501 §6.3.4, §6.3.6).
        """
        await mailboxes.delete(self._work, account, mailbox_id, keep_messages, keep_name)

    async def subscribe(self, account: AccountId, name: str, subscribed: bool) -> None:
        """Subscribe to a name, or not any more. NotFound to begin with a name that no mailbox has. Invalid."""
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
        """A new message in one or more mailboxes. A repeated delivery id adds nothing. OverQuota, NotFound, Invalid."""
        return await adding.add(self._work, account, arrived, places, received, delivery_id)

    async def set_flags(
        self,
        account: AccountId,
        mailbox_id: MailboxId,
        uids: UidSet,
        change: FlagChange,
        unchanged_since: Modseq | None = None,
    ) -> FlagResult:
        """Change flags and keywords; what is as wanted already takes no modseq (RFC 7162 §3.1.3)."""
        return await flagging.set_flags(self._work, account, mailbox_id, uids, change, unchanged_since)

    async def copy(
        self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, target_id: MailboxId
    ) -> list[tuple[Uid, Uid]]:
        """Place messages in another mailbox too: (UID, new UID) pairs."""
        return await moving.copy(self._work, account, mailbox_id, uids, target_id)

    async def move(
        self, account: AccountId, mailbox_id: MailboxId, uids: UidSet, target_id: MailboxId
    ) -> list[tuple[Uid, Uid]]:
        """Place messages in another mailbox instead: (UID, new UID) pairs."""
        return await moving.move(self._work, account, mailbox_id, uids, target_id)

    async def expunge(
        self, account: AccountId, mailbox_id: MailboxId, uids: UidSet | None, only_deleted: bool = True
    ) -> list[Uid]:
        """Take placements away (`uids` None: all), only those with \\Deleted unless told otherwise; their UIDs."""
        return await expunging.expunge(self._work, account, mailbox_id, uids, only_deleted)

    async def email(self, account: AccountId, message_id: MessageId) -> Email:
        """A message as JMAP sees it, without preview, structure and headers. NotFound."""
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
        await emails.update(self._work, account, message_id, mailboxes, keywords)

    async def destroy_email(self, account: AccountId, message_id: MessageId) -> None:
        """Take a message out of all mailboxes. NotFound."""
        await emails.destroy(self._work, account, message_id)

    async def add_upload(self, account: AccountId, arrived: Arrived, media_type: str) -> BlobRef:
        """Keep octets for JMAP_UPLOAD_LIFE without a message (RFC 8620 §6.1)."""
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
        addresses = [one.address if isinstance(one, Remote) else one for one in recipients]
        return await queueing.enqueue(self._work, account, arrived, sender, addresses, schedule)

    async def set_metadata(
        self, account: AccountId, mailbox_id: MailboxId, reader: AccountId, values: Mapping[str, bytes | None]
    ) -> list[str]:
        """Set notes on a mailbox, or on the account (metadata.WHOLE); None removes one. Private ones are `reader`'s.

        The entries that were not so before. NotFound, TooBig for a value, OverQuota for too many.
        """
        return await metadata.set_notes(self._work, account, mailbox_id, reader, values)

    async def put_object(self, account: AccountId, kind: Kind, object_id: str, data: bytes) -> None:
        """Make or replace a small document. TooBig, Invalid."""
        await objects.put(self._work, account, kind, object_id, data)

    async def get_object(self, account: AccountId, kind: Kind, object_id: str) -> bytes | None:
        """A small document, or None."""
        return await objects.get(self._work, account, kind, object_id)

    async def delete_object(self, account: AccountId, kind: Kind, object_id: str) -> None:
        """Delete a small document. NotFound."""
        await objects.delete(self._work, account, kind, object_id)
