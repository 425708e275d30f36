"""Going away and coming back: what a client kept, with what QRESYNC tells it, is what is there (RFC 7162 §3.2, §6)."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import takewhile

from tests.machines.imap.mirror import RECENT, Known
from tests.machines.imap.party import Party, Picks
from tests.machines.imap.scene import Scene

IMPLIED = {"QRESYNC": ("CONDSTORE",)}


async def enable(scene: Scene, party: Party, names: Sequence[str]) -> None:
    """ENABLE, in the authenticated state (RFC 5161 §3.1)."""
    known = [name for name in names if name in scene.can]
    if party.box is not None:
        party.box = None
        await party.command("UNSELECT")
    answers, tagged = await party.command(f"ENABLE {' '.join(names)}")
    assert tagged.startswith(b"OK"), tagged
    (told,) = [{one.decode().upper() for one in answer.values} for answer in answers if answer.name == "ENABLED"]
    assert told == set(known), (names, told)
    party.enabled.update(told, *(IMPLIED.get(name, ()) for name in told))


async def fetch_vanished(party: Party, picks: Picks, since: int) -> None:
    """UID FETCH (CHANGEDSINCE … VANISHED) tells what was taken away, and nothing that was never there."""
    box = party.box
    assert box is not None
    low, high = sorted(1 + bound * box.uidnext // 9 for bound in picks[0])
    known = set(party.mirror.uids())
    within = {uid: modseq for uid, modseq in box.gone.items() if low <= uid <= high and uid not in known}
    changed = {one.uid for one in box.mails if low <= one.uid <= high and one.modseq > since and one.uid in known}
    command = f"UID FETCH {low}:{high} (FLAGS) (CHANGEDSINCE {since} VANISHED)"
    party.mirror.earlier.clear()
    _, tagged = await party.command(command, asked=frozenset(("UID", "FLAGS", "MODSEQ")))
    if party.ended:
        return
    assert tagged.startswith(b"OK"), tagged
    told = set(party.mirror.earlier)
    assert {uid for uid, modseq in within.items() if modseq > since} <= told <= within.keys(), (told, within, since)
    assert changed <= {known.uid for known, _ in party.mirror.fetched}, (changed, since)


async def come_back(scene: Scene, party: Party, *, how: str, read_only: bool) -> Party:
    """The connection is lost; on another one the client goes on from what it kept. `how`: which arguments it gives."""
    kept, box = party.mirror, party.box
    assert box is not None
    party.client.close()
    fresh = await scene.party(guest=party.guest)
    await enable(scene, fresh, sorted(party.enabled))
    messages = [_kept(one) for one in takewhile(Known.whole, kept.messages)]
    uids = [one.uid for one in messages]
    text = f"{kept.uidvalidity} {max(1, kept.cached)}"
    if uids and how != "plain":
        text += f" {','.join(map(str, uids))}"
    if uids and how == "sample" and "UIDONLY" not in fresh.enabled:
        places = sorted({1, len(uids) // 2 + 1, len(uids)})
        text += f" ({','.join(map(str, places))} {','.join(str(uids[at - 1]) for at in places)})"
    options = f" (QRESYNC ({text}))"
    name = fresh.spell(scene.name_of(box))
    await fresh.select(name, box, read_only=read_only, options=options, kept=messages)
    assert set(fresh.mirror.earlier) <= box.gone.keys(), (fresh.mirror.earlier, box.gone)
    fresh.compare(box)
    return fresh


def _kept(known: Known) -> Known:
    """What is \\Recent belongs to the session that is over."""
    return replace(known, flags=(known.flags or frozenset()) - {RECENT})
