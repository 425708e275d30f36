"""Commands about mailboxes, and changes that come from elsewhere: by JMAP, by time."""

from collections.abc import Sequence

from pillarbox.core.ids import MessageId, Uid, parse_id
from pillarbox.servers.imap.flags import split_flags
from pillarbox.store import changes
from pillarbox.store.model import DELETED, MESSAGE_PREFIX, FlagChange
from pillarbox.store.transaction import Transaction
from tests.machines.imap.letters import Letter
from tests.machines.imap.party import Party, spelled
from tests.machines.imap.scene import Scene
from tests.machines.imap.world import Box


async def create(scene: Scene, party: Party, name: str) -> None:
    """CREATE makes what is missing above it too."""
    _, tagged = await party.command(f"CREATE {party.spell(name)}")
    if scene.boxes.get(name) is not None or name == "INBOX":
        assert tagged.startswith(b"NO [ALREADYEXISTS]"), tagged
        return
    assert tagged.startswith(b"OK"), tagged
    above = name.rpartition("/")[0]
    for one in (above, name):
        if one and (one not in scene.boxes or one == name):
            scene.boxes[one] = Box()
            await scene.look(scene.boxes[one])


async def delete(scene: Scene, party: Party, name: str) -> None:
    """DELETE; what has others below it is not a mailbox any more, but its name stays (RFC 3501 §6.3.4)."""
    box = scene.boxes.get(name)
    own = party.box is not None and party.box is box
    if own:
        party.box = None
    _, tagged = await party.command(f"DELETE {party.spell(name)}")
    if name == "INBOX":
        assert tagged.startswith(b"NO"), tagged
        return
    if box is None:
        assert tagged.startswith((b"NO [NONEXISTENT]", b"NO [HASCHILDREN]")), tagged
        return
    assert tagged.startswith(b"OK"), tagged
    del scene.boxes[name]
    await _closed(scene, box)


async def _closed(scene: Scene, box: Box) -> None:
    """Whoever had the mailbox open is told so, and disconnected."""
    for party in scene.parties:
        if party.box is box:
            if party.idle:
                await party.hear(lambda: False)
            else:
                await party.command("NOOP")
            assert party.ended, "a mailbox that is gone cannot stay open"


async def rename(scene: Scene, party: Party, name: str, target: str) -> None:
    """RENAME takes along what lies below; of INBOX it takes the messages (RFC 3501 §6.3.5)."""
    _, tagged = await party.command(f"RENAME {party.spell(name)} {party.spell(target)}")
    box = scene.boxes.get(name)
    if not tagged.startswith(b"OK"):
        within = target.startswith(f"{name}/")
        assert box is None or target in scene.boxes or target in scene.hollow() or within, tagged
        return
    assert target not in scene.boxes, tagged
    above = target.rpartition("/")[0]
    missing = bool(above) and above not in scene.boxes and above not in scene.hollow()
    if name == "INBOX":
        assert box is not None
        moved = box.mails
        box.remove(box.uids())
        scene.boxes[target] = new = Box()
        for mail in moved:
            new.put(mail.letter, mail.flags, mail.email)
    else:
        for one in [one for one in scene.boxes if one == name or one.startswith(f"{name}/")]:
            scene.boxes[target + one[len(name) :]] = scene.boxes.pop(one)
    if missing:
        scene.boxes[above] = Box()
    await scene.look_at_all()


async def status(scene: Scene, party: Party, name: str) -> None:
    """STATUS counts what is there."""
    items = "MESSAGES UIDNEXT UIDVALIDITY UNSEEN"
    answers, tagged = await party.command(f"STATUS {party.spell(name)} ({items})")
    box = scene.boxes.get(name)
    if box is None:
        assert tagged.startswith(b"NO [NONEXISTENT]"), tagged
        return
    (told,) = [one.pairs() for one in answers if one.name == "STATUS"]
    unseen = sum("\\seen" not in one.flags for one in box.mails)
    counted = (len(box.mails), box.uidnext, box.uidvalidity, unseen)
    assert tuple(int(told[item]) for item in items.split()) == counted, (told, counted)


async def listed(scene: Scene, party: Party) -> None:
    """LIST names all there is, and nothing else."""
    answers, tagged = await party.command('LIST "" "*"')
    assert tagged.startswith(b"OK")
    names = {one.values[-1]: frozenset(one.values[0]) for one in answers if one.name == "LIST"}
    ours = {spelled(name, party.utf8).encode() for name in scene.boxes}
    open_ = {name for name, attributes in names.items() if not attributes & {b"\\Noselect", b"\\NonExistent"}}
    defaults = {b"Drafts", b"Sent", b"Archive", b"Junk", b"Trash"}
    assert open_ == ours | defaults, (names, ours)


# -- from elsewhere


def _message(scene: Scene, number: int) -> MessageId | None:
    known = sorted({mail.email for box in scene.boxes.values() for mail in box.mails})
    found = parse_id(MESSAGE_PREFIX, known[number % len(known)].decode()) if known else None
    return None if found is None else MessageId(found)


async def jmap(scene: Scene, number: int, marks: tuple[int, tuple[str, ...]], names: list[str] | None) -> None:
    """A message gets other keywords and other mailboxes; with `names` None it is destroyed."""
    message = _message(scene, number)
    if message is None or not await scene.house.store.emails(scene.account, [message]):
        return

    async def unit(tx: Transaction) -> None:
        if names is None:
            await tx.destroy_email(scene.account, message)
            return
        places = [await tx.mailbox_named(scene.account, name) for name in names if name in scene.boxes]
        wanted = frozenset(one.mailbox_id for one in places) or None
        keywords = (marks[0] & ~DELETED, frozenset(marks[1]))
        await tx.update_email(scene.account, message, mailboxes=wanted, keywords=keywords)

    await scene.house.store.write([scene.account], unit)
    await scene.look_at_all(trust=True)


async def take_away(scene: Scene, box: Box, uids: Sequence[int]) -> None:
    """Messages are taken away, \\Deleted or not."""

    async def unit(tx: Transaction) -> None:
        mailbox = await tx.mailbox_named(scene.account, scene.name_of(box))
        await tx.expunge(scene.account, mailbox.mailbox_id, [Uid(uid) for uid in uids], only_deleted=False)

    await scene.house.store.write([scene.account], unit)
    box.remove(uids)
    await scene.look(box)


async def mark(scene: Scene, box: Box, marks: tuple[str, ...]) -> None:
    """The first message gets flags besides those it has."""
    if not box.mails:
        return
    bits, keywords = split_flags(marks)
    uid = Uid(box.mails[0].uid)

    async def unit(tx: Transaction) -> None:
        mailbox = await tx.mailbox_named(scene.account, scene.name_of(box))
        await tx.set_flags(scene.account, mailbox.mailbox_id, [uid], FlagChange(add=bits, add_keywords=keywords))

    await scene.house.store.write([scene.account], unit)
    box.store([uid], "+", frozenset(one.lower() for one in marks))
    await scene.look(box)


async def forget(scene: Scene) -> None:
    """So much time passes that nobody remembers what was expunged."""
    store = scene.house.store
    later = store.clock.now() + 2
    await store.database.write(lambda connection: changes.trim(connection, scene.account, later, 0))


async def deliver(scene: Scene, name: str, letter: Letter) -> None:
    """Mail comes in."""
    if name in scene.boxes:
        await scene.deliver(name, letter)
        await scene.look(scene.boxes[name])
