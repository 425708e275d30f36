"""The mailbox a session has selected, as its client knows it: message numbers, and what it is yet to be told."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pillarbox.core.ids import AccountId, MailboxId, Modseq
from pillarbox.core.limits import IMAP_KEYWORDS, IMAP_PORTION
from pillarbox.servers.imap.decoding import Reading
from pillarbox.servers.imap.errors import bad
from pillarbox.servers.imap.findings import Findings
from pillarbox.servers.imap.flags import DEFINED, permanent, spell_flags
from pillarbox.servers.imap.manner import Manner
from pillarbox.store.model import FlagState, MailboxChanges, MailboxView
from pillarbox.store.ranges import without
from pillarbox.store.rights import ALL
from pillarbox.wire.imap import encoder
from pillarbox.wire.imap.sets import SequenceSet

NOTHING: frozenset[int] = frozenset()


@dataclass(slots=True)
class Selected:
    """`uids[n - 1]` is the UID of message n. The store's shared list as long as the two agree; never changed here.

    `account` has the mailbox, `rights` are the letters of what the login may do there (RFC 4314 §2.1). `modseq`: the
    client was told of everything up to it, but for the expunges in `gone`, and of all without exception up to `held`
    while there are any. `told`: flags of UIDs that were told out of turn, by their modseq. `recent`: the UIDs that are
    \\Recent in this session. `keywords`: what FLAGS named beside what is defined everywhere, `shown`: the keywords of
    single messages that were looked at for that. `batched`: messages that UIDBATCHES
    has counted, how many there were at first, and the last of them. `stale`: there may be news. `findings`: what is
    remembered of searches, if anything.
    """

    account: AccountId
    mailbox_id: MailboxId
    read_only: bool
    uids: Sequence[int]
    modseq: Modseq
    rights: frozenset[str] = ALL
    recent: frozenset[int] = NOTHING
    gone: frozenset[int] = NOTHING
    held: int = 0
    told: dict[int, int] = field(default_factory=dict)
    keywords: tuple[str, ...] = ()
    shown: set[str] = field(default_factory=set)
    batched: tuple[int, int, int] = (0, 0, 0)
    stale: bool = False
    reading: Reading | None = None
    findings: Findings | None = None

    def positions(self, messages: SequenceSet, uid: bool) -> list[range]:
        """Where the messages stand in `uids`. BAD for sequence numbers that do not exist."""
        if messages.saved:
            return [] if self.findings is None else self.findings.positions(self.uids)
        if uid:
            return messages.positions(self.uids)
        if messages.exceeds(len(self.uids)):
            raise bad("no such message number")
        return messages.numbers(len(self.uids))

    def ranges(self, positions: Iterable[range]) -> list[tuple[int, int]]:
        """Closed ranges of UIDs that hold just the messages at these positions."""
        return [(self.uids[part[0]], self.uids[part[-1]]) for part in positions]

    def portions(self, positions: Iterable[range]) -> Iterator[list[tuple[int, int]]]:
        """The same, of IMAP_PORTION messages at a time."""
        return map(self.ranges, self.portioned(positions))

    @staticmethod
    def portioned(positions: Iterable[range]) -> Iterator[list[range]]:
        """Positions of IMAP_PORTION messages at a time."""
        portion: list[range] = []
        room = IMAP_PORTION
        for whole in positions:
            part = whole
            while part:
                portion.append(part[:room])
                room -= len(portion[-1])
                part = part[len(portion[-1]) :]
                if not room:
                    yield portion
                    portion, room = [], IMAP_PORTION
        if portion:
            yield portion

    def index(self, uid: int, hint: int = 0) -> int:
        """The position of a UID, -1 when the client does not know it; `hint` is where it may well be."""
        uids = self.uids
        if hint < len(uids) and uids[hint] == uid:
            return hint
        at = bisect_left(uids, uid)
        return at if at < len(uids) and uids[at] == uid else -1

    def remember(self) -> Findings:
        """Where to remember something of a search."""
        if self.findings is None:
            self.findings = Findings()
        return self.findings

    def tell(self, state: FlagState) -> None:
        """The client is told these flags now, so that `news` need not."""
        if state.modseq > self.modseq:
            self.told[state.uid] = state.modseq


def choose(positions: Iterable[range], indices: range) -> list[range]:
    """Of the messages at these positions, counted in their order, those at `indices` (RFC 9394 §3.3)."""
    chosen: list[range] = []
    before = 0
    for part in positions:
        kept = part[max(indices.start - before, 0) : max(indices.stop - before, 0)]
        if kept:
            chosen.append(kept)
        before += len(part)
    return chosen


@dataclass(slots=True)
class News:
    """What happened to a selected mailbox, in the order it is told: expunges, arrivals, flags."""

    expunged: list[int] = field(default_factory=list)  # positions before the expunge, ascending
    arrived: list[int] = field(default_factory=list)  # UIDs
    flags: list[FlagState] = field(default_factory=list)


def learn(selected: Selected, changes: MailboxChanges, may_expunge: bool) -> News:
    """What the client has to be told of `changes`. Everything but `uids` is brought up to date.

    Expunges that may not be told now are kept in `gone` (RFC 3501 §7.4.1).
    """
    last = selected.uids[-1] if selected.uids else 0
    gone = selected.gone.union(uid for uid in changes.vanished if selected.index(uid) >= 0)
    news = News()
    for state in changes.changed:
        if state.uid > last:
            news.arrived.append(state.uid)
        elif selected.told.get(state.uid) != state.modseq and selected.index(state.uid) >= 0:
            news.flags.append(state)
    if may_expunge:
        news.expunged = sorted(selected.index(uid) for uid in gone)
        selected.recent = selected.recent - gone if gone else selected.recent
        gone = NOTHING
    elif gone and not selected.gone:
        selected.held = selected.modseq
    selected.gone = gone
    selected.told.clear()
    selected.modseq = max(selected.modseq, changes.modseq)
    return news


def renumber(selected: Selected, news: News, view: MailboxView | None) -> None:
    """Bring `uids` up to date, with the store's shared list when it is just what the client knows."""
    if not news.expunged and not news.arrived:
        return
    if view is not None and view.modseq == selected.modseq and not selected.gone:
        selected.uids = view.uids
        return
    kept = without(selected.uids, news.expunged)
    kept.extend(news.arrived)
    selected.uids = kept


def spell_states(selected: Selected, states: Collection[FlagState], uid: bool, manner: Manner) -> Iterator[bytes]:
    """FETCH of flags, with UID where asked for or due, and MODSEQ; before it FLAGS if there are new keywords."""
    recent = NOTHING if manner.rev2 else selected.recent
    yield announce(selected, {state.keywords for state in states})
    hint = 0
    for state in states:
        at = selected.index(state.uid, hint)
        if at < 0:
            continue
        hint = at + 1
        pieces = [b"FLAGS " + spell_flags(state.flags, state.keywords, state.uid in recent)]
        if manner.condstore:
            pieces.append(b"MODSEQ (%d)" % state.modseq)
        yield spell_state(manner, at, state.uid, pieces, uid)


def spell_state(manner: Manner, at: int, uid: int, pieces: list[bytes], named: bool) -> bytes:
    """FETCH of what changed of the message at position `at`; with its UID if that is `named` or due."""
    if manner.names_uid or (named and not manner.uid_only):
        pieces.insert(0, b"UID %d" % uid)
    return manner.opening % manner.numbered(at, uid) + b" ".join(pieces) + encoder.FETCH_CLOSE


def announce(selected: Selected, keywords: Iterable[str]) -> bytes:
    """FLAGS, and PERMANENTFLAGS where they may be changed, if the keywords of messages about to be told have new ones.

    Each of `keywords` is what one message has, as in Row (RFC 3501 §7.2.6).
    """
    fresh = [one for one in keywords if one and one not in selected.shown]
    if not fresh:
        return b""
    if len(selected.shown) > IMAP_KEYWORDS:
        selected.shown.clear()
    selected.shown.update(fresh)
    known = {word.lower() for word in (*DEFINED, *selected.keywords)}
    words = {word.lower(): word for one in sorted(fresh) for word in one.split()}
    added = [word for lower, word in words.items() if lower not in known]
    if not added or len(selected.keywords) + len(added) > IMAP_KEYWORDS:
        return b""
    selected.keywords += tuple(added)
    return spell_defined(selected)


def spell_defined(selected: Selected) -> bytes:
    """FLAGS, and PERMANENTFLAGS where any may be changed."""
    line = encoder.flags((*DEFINED, *selected.keywords))
    kept = () if selected.read_only else permanent(selected.rights, selected.keywords)
    if not kept:
        return line
    return line + encoder.untagged("OK", "flags that are kept", encoder.permanent_flags(kept))
