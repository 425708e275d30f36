"""Commands of several clients under way at the same time, each client sending several at once (RFC 9051 §5.5)."""

import asyncio
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.machines.imap import acts
from tests.machines.imap.party import Party, Picks, Sent
from tests.machines.imap.scene import Scene

Step = tuple[str, Picks, acts.Change]
"""What is done to which messages; the change is for STORE alone."""
Plan = list[Step]
"""What one client sends at once."""

_bound = st.integers(0, 8)  # no `*`: which message that is changes while commands are under way
_picks = st.lists(st.tuples(_bound, _bound), min_size=1, max_size=2)
_marks = st.lists(st.sampled_from(("\\Seen", "\\Deleted", "\\Flagged", "one")), max_size=2).map(tuple)
_change = st.tuples(st.sampled_from(("+", "-", "")), _marks, st.booleans())
_KINDS = ("STORE", "STORE", "STORE", "COPY", "MOVE", "EXPUNGE", "FETCH", "SEARCH", "NOOP")
plans = st.lists(st.tuples(st.sampled_from(_KINDS), _picks, _change), min_size=1, max_size=3)


async def run(scene: Scene, parties: Sequence[Party], steps: Sequence[Plan]) -> None:
    """All at the same moment. What comes of it depends on who is served first; that it was told is looked at later."""
    work = [party.pipeline([_command(party, one) for one in plan]) for party, plan in zip(parties, steps, strict=False)]
    await asyncio.gather(*work)
    await scene.look_at_all(trust=True)


def _command(party: Party, step: Step) -> Sent:
    """The command, the items it asks for, and what a .SILENT one lets the client assume."""
    kind, picks, change = step
    text = party.name(picks, uid=True)
    if kind in ("COPY", "MOVE"):
        return f"UID {kind} {text.text} {party.spell('Work' if kind == 'COPY' else 'INBOX')}", frozenset(), None
    if kind == "EXPUNGE":
        return f"UID EXPUNGE {text.text}", frozenset(), None
    if kind == "FETCH":
        return f"UID FETCH {text.text} BODY[]", frozenset(("UID", "BODY[]")), None
    if kind == "STORE":
        sign, marks, silent = change
        item = f"{sign}FLAGS{'.SILENT' if silent else ''} ({' '.join(marks)})"
        return f"UID STORE {text.text} {item}", frozenset(), (text.uids, change) if silent else None
    return ("UID SEARCH ALL" if kind == "SEARCH" else "NOOP"), frozenset(), None
