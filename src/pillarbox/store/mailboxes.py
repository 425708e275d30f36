"""Making, renaming, changing and deleting mailboxes, and the names subscribed to."""

from collections.abc import Collection
from types import EllipsisType

from pillarbox.core.errors import Conflict, Exists, Invalid, NotFound
from pillarbox.core.ids import AccountId, MailboxId, random_id, spell
from pillarbox.core.limits import MAILBOXES
from pillarbox.store import metadata, sharing
from pillarbox.store.expunging import expunge, forget
from pillarbox.store.held import held, threads_of
from pillarbox.store.ledger import BOX_COLUMNS, CREATED, DESTROYED, UPDATED, Box, Ledger
from pillarbox.store.model import MAILBOX_PREFIX, ROLES, Kind
from pillarbox.store.moving import Target, move
from pillarbox.store.naming import INBOX, full_name, parent_name, reserved, whole_name
from pillarbox.store.quotas import check_mailboxes
from pillarbox.store.reading import subscribed_names
from pillarbox.store.rights import EntryChange
from pillarbox.store.work import Work

_LAST_UIDVALIDITY = (1 << 32) - 1
_UNNOTE = "DELETE FROM metadata WHERE account_id = $1 AND mailbox_id = $2"


async def named(work: Work, account: AccountId, name: str) -> Box:
    """The mailbox of that full name. NotFound."""
    wanted = whole_name(name)
    ledger = work.ledger(account)
    known = next((box for box in ledger.boxes.values() if box.name == wanted), None)
    if known is None and not ledger.all_boxes:
        sql = f"SELECT {BOX_COLUMNS} FROM mailbox WHERE account_id = $1 AND name = $2"
        row = await work.connection.one(sql, account, wanted)
        if row is not None:
            known = ledger.boxes.setdefault(row[0], Box(*row))
    if known is None:
        raise NotFound("no such mailbox")
    return known


async def create(
    work: Work, account: AccountId, name: str, role: str | None, subscribed: bool | None, exist_ok: bool
) -> Box:
    """See Transaction.create_mailbox."""
    wanted = full_name(name)
    boxes = {box.name: box for box in await work.boxes(account)}
    known = boxes.get(wanted)
    if known is not None and known.selectable:
        if exist_ok:
            return known
        raise Exists("the mailbox exists")
    if role is not None:
        _check_role(role, None, list(boxes.values()))
    if known is not None:
        return await _reopen(work, account, known, role, subscribed)
    _not_reserved(wanted)
    missing = [wanted]
    while (above := parent_name(missing[-1])) is not None and above not in boxes:
        missing.append(above)
    names = await subscribed_names(work.connection, account)
    check_mailboxes(work.ledger(account), len(boxes), len(missing))
    if len(boxes) + len(missing) + len(names) > MAILBOXES:
        raise Invalid("too many mailboxes and names subscribed to")
    parent = boxes[above].mailbox_id if above is not None else None
    for one in reversed(missing):
        wished = bool(subscribed) or (one in names and (subscribed is None or one != wanted))
        box = await _insert(work, work.ledger(account), one, parent, (role if one == wanted else None, wished))
        await _inherit(work, account, box)
        parent = box.mailbox_id
    await _forget_names(work, account, set(missing).intersection(names))
    return box


def _not_reserved(name: str) -> None:
    """Nothing new gets a name of another namespace; what had one before these were there keeps it."""
    if reserved(name):
        raise Invalid("the name belongs to mailboxes of others")


async def _reopen(work: Work, account: AccountId, box: Box, role: str | None, subscribed: bool | None) -> Box:
    """A mailbox that was only a name holds messages again; UIDs go on where they were."""
    await _inherit(work, account, box)
    box.selectable, box.role = 1, role
    if subscribed is not None:
        box.subscribed = int(subscribed)
    await _write_traits(work, account, box)
    _record(work.ledger(account), box, UPDATED)
    return box


async def _insert(
    work: Work, ledger: Ledger, name: str, parent: MailboxId | None, traits: tuple[str | None, bool]
) -> Box:
    role, subscribed = traits
    validity = _next_validity(work, ledger)
    modseq = ledger.modseq
    box = Box(
        mailbox_id=MailboxId(random_id()),
        parent_id=parent,
        name=name,
        role=role,
        uidvalidity=validity,
        uidnext=1,
        highestmodseq=modseq,
        total=0,
        unseen=0,
        deleted=0,
        size=0,
        subscribed=int(subscribed),
        sort_order=0,
        created_modseq=modseq,
    )
    await work.connection.run(
        f"INSERT INTO mailbox (account_id, {BOX_COLUMNS}, vanished_floor)"
        " VALUES ($1, $2, $3, $4, $5, $6, 1, $7, 0, 0, 0, 0, $8, 0, $7, 1, 0)",
        ledger.account,
        box.mailbox_id,
        parent,
        name,
        role,
        validity,
        modseq,
        box.subscribed,
    )
    ledger.boxes[box.mailbox_id] = box
    _record(ledger, box, CREATED)
    return box


async def _inherit(work: Work, account: AccountId, box: Box) -> None:
    """A new mailbox is open to those to whom the nearest one above it is (RFC 4314 §4, CREATE)."""
    above = await nearest(work, account, box.name)
    if above is not None:
        await sharing.inherit(work.connection, account, above.mailbox_id, box.mailbox_id)


async def nearest(work: Work, account: AccountId, name: str) -> Box | None:
    """The nearest mailbox above a full name; what is only a name is passed over (RFC 4314 §4, CREATE)."""
    boxes = {box.name: box for box in await work.boxes(account) if box.selectable}
    above = parent_name(name)
    while above is not None and above not in boxes:
        above = parent_name(above)
    return None if above is None else boxes[above]


def _next_validity(work: Work, ledger: Ledger) -> int:
    """Higher than any the account has had, so that a name made again is not mistaken for the old one."""
    ledger.uidvalidity = max(ledger.uidvalidity + 1, min(work.now, _LAST_UIDVALIDITY))
    return ledger.uidvalidity


def _record(ledger: Ledger, box: Box, operation: int) -> None:
    ledger.record(Kind.MAILBOX, spell(MAILBOX_PREFIX, box.mailbox_id), operation)


async def rename(work: Work, account: AccountId, mailbox_id: MailboxId, new_name: str) -> None:
    """See Transaction.rename_mailbox."""
    wanted = full_name(new_name)
    everyone = await work.boxes(account)
    box = await work.box(account, mailbox_id)
    if box.name == wanted:
        return
    if any(other.name == wanted for other in everyone):
        raise Exists("the mailbox exists")
    _not_reserved(wanted)
    if wanted.startswith(f"{box.name}/"):
        raise Invalid("a mailbox cannot go into itself")
    if box.name == INBOX:
        await _empty_inbox(work, account, box, wanted)
        return
    below = [other for other in everyone if other.name.startswith(f"{box.name}/")]
    renamed = [(one, full_name(wanted + one.name[len(box.name) :])) for one in (box, *below)]
    above = parent_name(wanted)
    parent = None
    if above is not None:
        known = next((other for other in everyone if other.name == above), None)
        parent = (known or await create(work, account, above, None, True, exist_ok=True)).mailbox_id
    left, box.parent_id = box.parent_id, parent
    names = set(await subscribed_names(work.connection, account))
    for one, name in renamed:
        one.name = name
        one.subscribed = int(bool(one.subscribed) or name in names)
        await _write_traits(work, account, one)
        _record(work.ledger(account), one, UPDATED)
    await _forget_names(work, account, names.intersection(name for _, name in renamed))
    await _vanish(work, account, left)


async def _empty_inbox(work: Work, account: AccountId, inbox: Box, new_name: str) -> None:
    """RFC 3501 §6.3.5: renaming INBOX moves its messages to a new mailbox; INBOX and its children stay."""
    target = await create(work, account, new_name, None, True, exist_ok=False)
    await move(work, account, inbox.mailbox_id, [(1, inbox.uidnext)], Target(account, target.mailbox_id))
    await metadata.copy(work.connection, account, inbox.mailbox_id, target.mailbox_id)


async def update(
    work: Work,
    account: AccountId,
    mailbox_id: MailboxId,
    subscribed: bool | None,
    sort_order: int | None,
    role: str | EllipsisType | None,
) -> None:
    """See Transaction.update_mailbox."""
    box = await work.box(account, mailbox_id)
    before = (box.subscribed, box.sort_order, box.role)
    if subscribed is not None:
        box.subscribed = int(subscribed)
    if sort_order is not None:
        if not 0 <= sort_order < 1 << 31:
            raise Invalid("sort order out of range")
        box.sort_order = sort_order
    if not isinstance(role, EllipsisType) and role != box.role:
        if role is not None or box.role == "inbox":
            _check_role(role or "", box, await work.boxes(account))
        box.role = role
    if box.role != before[2]:
        metadata.record(work, account, mailbox_id, account, metadata.SPECIAL_USE)
    if (box.subscribed, box.sort_order, box.role) != before:
        await _write_traits(work, account, box)
        _record(work.ledger(account), box, UPDATED)


def _check_role(role: str, box: Box | None, boxes: list[Box]) -> None:
    """One mailbox for each role (RFC 8621 §2), and "inbox" is INBOX's for ever."""
    if role not in ROLES:
        raise Invalid("no such role, or it cannot be taken away")
    if (role == "inbox") != (box is not None and box.name == INBOX):
        raise Invalid("the role inbox belongs to INBOX alone")
    if any(other.role == role for other in boxes if other is not box):
        raise Exists("another mailbox has this role")


async def _write_traits(work: Work, account: AccountId, box: Box) -> None:
    await work.connection.run(
        "UPDATE mailbox SET parent_id = $3, name = $4, role = $5, subscribed = $6, sort_order = $7,"
        " selectable = $8"
        " WHERE account_id = $1 AND mailbox_id = $2",
        account,
        box.mailbox_id,
        box.parent_id,
        box.name,
        box.role,
        box.subscribed,
        box.sort_order,
        box.selectable,
    )


async def delete(
    work: Work, account: AccountId, mailbox_id: MailboxId, keep_messages: bool, keep_name: bool = False
) -> None:
    """See Transaction.delete_mailbox."""
    box = await work.box(account, mailbox_id)
    if box.name == INBOX:
        raise Invalid("INBOX cannot be deleted")
    parted = await _has_children(work, account, mailbox_id)
    if parted and not (keep_name and box.selectable):
        raise Conflict("the mailbox has children")
    if keep_messages and box.total:
        raise Conflict("the mailbox is not empty")
    if parted:
        await expunge(work, account, mailbox_id, None, only_deleted=False)
        await work.connection.run(_UNNOTE, account, mailbox_id)
        await sharing.forget(work.connection, account, [mailbox_id])
        box.selectable, box.role = 0, None
        await _write_traits(work, account, box)
        _record(work.ledger(account), box, UPDATED)
        return
    await _remove(work, account, box, keep_name)
    if keep_name:
        await _vanish(work, account, box.parent_id)


async def _has_children(work: Work, account: AccountId, mailbox_id: MailboxId) -> bool:
    return any(other.parent_id == mailbox_id for other in await work.boxes(account))


async def _vanish(work: Work, account: AccountId, mailbox_id: MailboxId | None) -> None:
    """Remove what is only a name, from this mailbox upwards, where nothing lies below it any more."""
    while mailbox_id is not None:
        box = await work.box(account, mailbox_id)
        if box.selectable or await _has_children(work, account, mailbox_id):
            return
        await _remove(work, account, box, keep_name=True)
        mailbox_id = box.parent_id


async def _remove(work: Work, account: AccountId, box: Box, keep_name: bool) -> None:
    """Delete a mailbox with its placements; with `keep_name` its name stays subscribed to (RFC 3501 §6.3.6)."""
    ledger = work.ledger(account)
    rows = await held(work, account, box.mailbox_id, None)
    messages = threads_of(rows)
    await work.trace(ledger, messages)
    for table in ("placement", "vanished", "metadata", "acl", "mailbox"):
        sql = f"DELETE FROM {table} WHERE account_id = $1 AND mailbox_id = $2"
        await work.connection.run(sql, account, box.mailbox_id)
    await forget(work, ledger, list(messages))
    del ledger.boxes[box.mailbox_id]
    _record(ledger, box, DESTROYED)
    if keep_name and box.subscribed:
        await _remember_name(work, account, box.name)


async def subscribe(work: Work, account: AccountId, name: str, subscribed: bool) -> None:
    """See Transaction.subscribe."""
    wanted = whole_name(name)
    try:
        box = await named(work, account, wanted)
    except NotFound:
        if not subscribed:
            await _forget_names(work, account, {wanted})
        elif wanted not in (names := await subscribed_names(work.connection, account)):
            await sharing.find_called(work.connection, account, wanted, "l")
            if len(names) >= MAILBOXES:
                raise Invalid("too many names subscribed to") from None
            await _remember_name(work, account, wanted)
        return
    await update(work, account, box.mailbox_id, subscribed, None, ...)


async def _remember_name(work: Work, account: AccountId, name: str) -> None:
    sql = "INSERT INTO subscription (account_id, name) VALUES ($1, $2) ON CONFLICT (account_id, name) DO NOTHING"
    await work.connection.run(sql, account, name)


async def _forget_names(work: Work, account: AccountId, names: Collection[str]) -> None:
    """These names are not subscribed to, or their mailboxes say so."""
    sql = "DELETE FROM subscription WHERE account_id = $1 AND name = $2"
    await work.connection.many(sql, [(account, name) for name in sorted(names)])


async def share(work: Work, account: AccountId, mailbox_id: MailboxId, change: EntryChange) -> None:
    """See Transaction.change_acl."""
    box = await work.open_box(account, mailbox_id)
    if await sharing.change(work.connection, account, mailbox_id, change):
        _record(work.ledger(account), box, UPDATED)


async def make_defaults(work: Work, account: AccountId, defaults: tuple[tuple[str, str], ...]) -> None:
    """The mailboxes of a new account."""
    ledger = work.ledger(account)
    ledger.all_boxes = True
    for name, role in defaults:
        await _insert(work, ledger, name, None, (role, True))
