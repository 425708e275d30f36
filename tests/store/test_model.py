"""Random histories: the store against a simple model of it, on either engine."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from pillarbox.core.ids import AccountId, MailboxId, Modseq, spell
from pillarbox.store.model import (
    DELETED,
    MESSAGE_PREFIX,
    SEEN,
    THREAD_PREFIX,
    Arrived,
    FlagChange,
    Kind,
    Place,
)
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.engines_fixtures import Engine, new_schema
from tests.stores import add_account, arrive, letter, open_store

T = TypeVar("T")

SIZES = ("INBOX", "Archive", "Trash")
flags = st.sampled_from([0, SEEN, DELETED, SEEN | DELETED, 2, 4])
keywords = st.sampled_from([(), ("a",), ("A", "b"), ("$junk",)])
boxes = st.integers(0, 2)
picks = st.sets(st.integers(1, 12), max_size=4)


@dataclass
class World:
    """A store of one engine, shared by all histories of a test."""

    runner: asyncio.Runner
    store: Store
    other: Store
    letters: list[Arrived]
    count: int = 0


@dataclass
class Box:
    """A mailbox of the model: placements by UID as (message, flags, keywords, modseq)."""

    uidnext: int = 1
    rows: dict[int, tuple[int, int, str, int]] = field(default_factory=dict)


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A store with its own loop."""
    with asyncio.Runner() as runner:
        url = ""
        if request.param == "postgres":
            url = runner.run(new_schema(request.getfixturevalue("postgres_server")))

        async def start() -> tuple[Engine, World]:
            engine = Engine(request.param, tmp_path, url)
            store, other = await open_store(engine), await open_store(engine)
            letters = [
                await arrive(store, letter("s", name=f"m{number}", extra="References: <m0>\r\n" * (number % 2)))
                for number in range(4)
            ]
            await store.directory.add_domain("demo.test")
            return engine, World(runner, store, other, letters)

        async def stop() -> None:
            await made.store.close()
            await made.other.close()
            await engine.close()

        engine, made = runner.run(start())
        yield made
        runner.run(stop())


def machine(world: World) -> type[RuleBasedStateMachine]:
    """The histories of one account after another."""

    class History(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            world.count += 1
            account = self.run(add_account(world.store, f"u{world.count}@demo.test"))
            self.account: AccountId = account.account_id
            self.ids: list[MailboxId] = [
                self.run(world.store.mailbox_named(self.account, name)).mailbox_id for name in SIZES
            ]
            self.boxes = [Box() for _ in SIZES]
            self.modseq = 1
            self.sizes: dict[int, int] = {}
            self.threads: dict[int, int] = {}
            self.known: set[str] = set()
            self.known_threads: set[str] = set()
            self.known_at = Modseq(1)

        def run(self, work: Awaitable[T]) -> T:
            async def wait() -> T:
                return await work

            return world.runner.run(wait())

        def write(self, unit: Callable[[Transaction], Awaitable[T]]) -> T:
            return self.run(world.store.write([self.account], unit))

        def mine(self, box: int, uids: set[int]) -> list[int]:
            return sorted(uids & self.boxes[box].rows.keys())

        def put(self, box: int, message: int, some: int, words: str) -> int:
            target = self.boxes[box]
            uid, target.uidnext = target.uidnext, target.uidnext + 1
            target.rows[uid] = (message, some, words, self.modseq)
            return uid

        @rule(number=st.integers(0, 3), box=boxes, second=boxes, some=flags, words=keywords)
        def add(self, number: int, box: int, second: int, some: int, words: tuple[str, ...]) -> None:
            places = [Place(self.ids[one], some, words) for one in dict.fromkeys((box, second))]
            added = self.write(lambda tx: tx.add(self.account, world.letters[number], places))
            self.modseq += 1
            self.sizes[added.message_id] = world.letters[number].size
            self.threads[added.message_id] = added.thread_id
            spelled = " ".join("$Junk" if word == "$junk" else word for word in words)
            uids = [self.put(one, added.message_id, some, spelled) for one in dict.fromkeys((box, second))]
            assert [placed.uid for placed in added.placed] == uids

        @rule(box=boxes, uids=picks, add=flags, remove=flags, words=keywords, replace=st.booleans())
        def flag(self, box: int, uids: set[int], add: int, remove: int, words: tuple[str, ...], replace: bool) -> None:
            change = FlagChange(add, remove, words, ("b",), replace)
            result = self.write(lambda tx: tx.set_flags(self.account, self.ids[box], sorted(uids), change))
            changed = []
            for uid in self.mine(box, uids):
                message, before, old, _ = self.boxes[box].rows[uid]
                after = ((0 if replace else before) | add) & ~remove
                now = {word.lower() for word in words} | (set() if replace else set(old.lower().split()))
                now -= {"b"}
                if after != before or now != set(old.lower().split()):
                    changed.append(uid)
                    kept = next(one for one in result.states if one.uid == uid).keywords
                    assert set(kept.lower().split()) == now
                    self.boxes[box].rows[uid] = (message, after, kept, self.modseq + 1)
            self.modseq += bool(changed)
            assert list(result.changed) == changed
            assert [one.uid for one in result.states] == self.mine(box, uids)

        @rule(box=boxes, goal=boxes, uids=picks)
        def copy(self, box: int, goal: int, uids: set[int]) -> None:
            pairs = self.write(lambda tx: tx.copy(self.account, self.ids[box], sorted(uids), self.ids[goal]))
            some = self.mine(box, uids)
            self.modseq += bool(some)
            made = [(uid, self.put(goal, *self.boxes[box].rows[uid][:3])) for uid in some]
            assert pairs == made

        @rule(box=boxes, goal=boxes, uids=picks)
        def move(self, box: int, goal: int, uids: set[int]) -> None:
            pairs = self.write(lambda tx: tx.move(self.account, self.ids[box], sorted(uids), self.ids[goal]))
            some = self.mine(box, uids)
            self.modseq += bool(some)
            taken = [(uid, self.boxes[box].rows.pop(uid)) for uid in some]
            assert pairs == [(uid, self.put(goal, *row[:3])) for uid, row in taken]

        @rule(box=boxes, uids=st.none() | picks, only_deleted=st.booleans())
        def expunge(self, box: int, uids: set[int] | None, only_deleted: bool) -> None:
            asked = None if uids is None else sorted(uids)
            gone = self.write(lambda tx: tx.expunge(self.account, self.ids[box], asked, only_deleted))
            rows = self.boxes[box].rows
            some = sorted(rows) if uids is None else self.mine(box, uids)
            some = [uid for uid in some if rows[uid][1] & DELETED or not only_deleted]
            for uid in some:
                del rows[uid]
            self.modseq += bool(some)
            assert gone == some

        @invariant()
        def counters(self) -> None:
            for box, mailbox_id in zip(self.boxes, self.ids, strict=True):
                kept = self.run(world.store.mailbox(self.account, mailbox_id))
                rows = box.rows.values()
                assert (kept.total, kept.uidnext) == (len(rows), box.uidnext)
                assert kept.unseen == sum(not row[1] & SEEN for row in rows)
                assert kept.deleted == sum(bool(row[1] & DELETED) for row in rows)
                assert kept.size == sum(self.sizes[row[0]] for row in rows)
            alive = {row[0] for box in self.boxes for row in box.rows.values()}
            quota = self.run(world.store.quota(self.account))
            assert (quota.messages, quota.used) == (len(alive), sum(self.sizes[one] for one in alive))
            assert self.run(world.store.modseq(self.account)) == self.modseq

        @invariant()
        def rows(self) -> None:
            for box, mailbox_id in zip(self.boxes, self.ids, strict=True):
                found = self.run(self.placements(world.other, mailbox_id))
                assert found == [(uid, *box.rows[uid]) for uid in sorted(box.rows)]
                view = self.run(world.other.view(self.account, mailbox_id))
                assert list(view.uids) == sorted(box.rows)
                unseen = [number for number, uid in enumerate(sorted(box.rows), 1) if not box.rows[uid][1] & SEEN]
                assert (view.unseen, view.first_unseen) == (len(unseen), min(unseen, default=0))

        async def placements(self, store: Store, mailbox_id: MailboxId) -> list[tuple[Any, ...]]:
            pages = store.placements(self.account, mailbox_id, [(1, 1 << 31)])
            return [(r.uid, r.message_id, r.flags, r.keywords, r.modseq) async for page in pages for r in page]

        @rule()
        def replay(self) -> None:
            """The log after the last replay turns what was known into what is there."""
            seen = {row[0] for box in self.boxes for row in box.rows.values() if not row[1] & DELETED}
            for kind, known, now in (
                (Kind.EMAIL, self.known, {spell(MESSAGE_PREFIX, one) for one in seen}),
                (Kind.THREAD, self.known_threads, {spell(THREAD_PREFIX, self.threads[one]) for one in seen}),
            ):
                changes = self.run(world.store.changes(self.account, kind, self.known_at, 1000))
                assert not known & set(changes.created)
                assert set(changes.destroyed) <= known
                assert set(changes.updated) <= known
                known |= set(changes.created)
                known -= set(changes.destroyed)
                assert known == now
            self.known_at = Modseq(self.modseq)

        def teardown(self) -> None:
            self.replay()
            assert self.run(world.store.check(self.account, deep=True)) == []

    return History


def test_random_histories(world: World) -> None:
    run_state_machine_as_test(
        machine(world), settings=settings(max_examples=12, stateful_step_count=25, deadline=None, derandomize=True)
    )
