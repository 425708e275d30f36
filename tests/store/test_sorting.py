"""The order and the threads of a mailbox on both engines: beside Python's sort, and with messages from before."""

import random
from collections.abc import Callable
from itertools import product

import pytest

from pillarbox.core.ids import AccountId, Uid
from pillarbox.message.digest import summarise
from pillarbox.message.sorting import SortKeys
from pillarbox.store import query as q
from pillarbox.store import sorting
from pillarbox.store.model import FLAGGED, Account, Place
from pillarbox.store.port import Connection
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.stores import act, arrive, inbox

WORDS = (
    "plan",
    "Plan",
    "Re: plan",
    "\u00c4rger",
    "argon",
    "=?utf-8?q?=FF?=",
    "=?koi8-r?q?=E1?=",
    "[x] a",
    "",
    "Z_",
    "Za",
    "\u4e2d",
)
DATES = ("Mon, 1 Jan 2001 00:00:00 +0000", "Mon, 1 Jan 2001 01:00:00 +0100", "Sun, 31 Dec 2000 23:00:00 +0000", "never")
PEOPLE = ("Ann <zoe@a.test>", "bob@a.test", "Bob <Bob@b.test>", "\u00d6zg\u00fcr <o@a.test>", "Group: x@a.test;", "")

EVERY = q.All()

Keyed = Callable[[tuple[Uid, int, int, SortKeys]], object]
KEYS: dict[str, Keyed] = {
    "received": lambda row: row[1],
    "size": lambda row: row[2],
    "sent": lambda row: row[1] if row[3].sent is None else row[3].sent,
    "subject": lambda row: row[3].subject,
    "from": lambda row: row[3].from_shown,
    "to": lambda row: row[3].to_shown,
    "from_box": lambda row: row[3].from_box,
    "to_box": lambda row: row[3].to_box,
    "cc_box": lambda row: row[3].cc_box,
}


def messages(count: int) -> list[tuple[bytes, int]]:
    chance = random.Random(3)
    made = []
    for number in range(count):
        lines = [f"{name}: {chance.choice(PEOPLE)}" for name in ("From", "To", "Cc")]
        lines += [f"Subject: {chance.choice(WORDS)}", f"Date: {chance.choice(DATES)}", f"Message-ID: <{number}@x>"]
        if number:
            lines.append(f"References: <{chance.randrange(number + 3)}@x>")
        octets = "\r\n".join([*lines, "", "x" * chance.randrange(4)]).encode()
        made.append((octets, 978_300_000 + chance.randrange(4) * 3600))
    return made


async def filled(store: Store, account: AccountId, count: int) -> list[tuple[Uid, int, int, SortKeys]]:
    """UID, received, size and keys of what INBOX holds then."""
    box = await inbox(store, account)
    made = messages(count)
    arrived = [await arrive(store, octets) for octets, _ in made]

    async def unit(tx: Transaction) -> list[Uid]:
        return [
            (await tx.add(account, one, [Place(box.mailbox_id, FLAGGED if at % 3 else 0)], received=made[at][1]))
            .placed[0]
            .uid
            for at, one in enumerate(arrived)
        ]

    uids = await act(store, account, unit)
    return [
        (uid, received, len(octets), summarise(octets).sort_keys)
        for uid, (octets, received) in zip(uids, made, strict=True)
    ]


async def sort(store: Store, account: AccountId, *orders: q.Order, condition: q.Condition = EVERY) -> list[Uid]:
    place = (account, (await inbox(store, account)).mailbox_id)
    return await sorting.sort(store, place, condition, orders, None)


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for engine in ("sqlite", "postgres"):
        monkeypatch.setattr(f"pillarbox.engines.{engine}.connection.STRIDE", 7)
    monkeypatch.setattr(sorting, "_BATCH", 9)


async def test_orders(store: Store, you: Account) -> None:
    rows = await filled(store, you.account_id, 60)
    for by, key in KEYS.items():
        expected = [row[0] for row in sorted(rows, key=key)]  # type: ignore[arg-type]
        assert await sort(store, you.account_id, q.Order(by, False)) == expected, by
        turned = [row[0] for row in sorted(rows, key=key, reverse=True)]  # type: ignore[arg-type]
        assert await sort(store, you.account_id, q.Order(by, True)) == turned, by
    flagged = q.Flags(has=FLAGGED)
    expected = [row[0] for row in sorted(rows, key=KEYS["subject"]) if row[0] % 3 != 1]  # type: ignore[arg-type]
    assert await sort(store, you.account_id, q.Order("subject", False), condition=flagged) == expected
    assert await sort(store, you.account_id, q.Order("subject", False), condition=q.Or(())) == []


async def test_several_keys(store: Store, you: Account) -> None:
    rows = await filled(store, you.account_id, 60)
    for first, second in product((False, True), repeat=2):
        expected = list(rows)
        expected.sort(key=KEYS["sent"], reverse=second)  # type: ignore[arg-type]
        expected.sort(key=KEYS["subject"], reverse=first)  # type: ignore[arg-type]
        found = await sort(store, you.account_id, q.Order("subject", first), q.Order("sent", second))
        assert found == [row[0] for row in expected]


async def test_what_texts_decide(store: Store, you: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows are sifted when very many messages meet a condition."""
    rows = await filled(store, you.account_id, 40)
    place = (you.account_id, (await inbox(store, you.account_id)).mailbox_id)
    plan = q.Text("subject", "plan")
    expected = [row[0] for row in sorted(rows, key=KEYS["sent"]) if b"PLAN" in row[3].subject]  # type: ignore[arg-type]
    for many in (5000, 2):
        monkeypatch.setattr("pillarbox.store.search_sql._MANY", many)
        assert await sort(store, you.account_id, q.Order("sent", False), condition=plan) == expected
        forest = await sorting.threads(store, place, plan, "ORDEREDSUBJECT", [row[0] for row in rows], None)
        assert list(forest.uids) == sorted(expected)


async def forget_keys(store: Store) -> None:
    """As if the messages had come before there were keys."""

    async def unit(connection: Connection) -> None:
        await connection.run("DELETE FROM sort_key WHERE message_id % 2 = 0 OR name IS NOT NULL")

    await store.database.write(unit)


async def test_messages_from_before(store: Store, you: Account) -> None:
    rows = await filled(store, you.account_id, 40)
    by = {name: await sort(store, you.account_id, q.Order(name, False)) for name in KEYS}
    place = (you.account_id, (await inbox(store, you.account_id)).mailbox_id)
    known = [row[0] for row in rows]
    before = await sorting.threads(store, place, q.All(), "REFERENCES", known, None)
    for name in ("sent", "subject", "to", "from_box"):
        await forget_keys(store)
        found = await sort(store, you.account_id, q.Order(name, False))
        if name == "sent":  # of the others groups and octets in no charset are not known any more
            assert found == by[name]
        assert sorted(found) == known
    await forget_keys(store)
    assert await sorting.threads(store, place, q.All(), "REFERENCES", known, None) == before


async def test_repair_makes_keys_again(store: Store, you: Account) -> None:
    rows = await filled(store, you.account_id, 12)
    assert await store.repair(you.account_id) == []

    async def spoil(connection: Connection) -> None:
        await connection.run("UPDATE sort_key SET subject = $1, name = 5", b"nonsense")
        await connection.run(
            "INSERT INTO sort_key (account_id, message_id, subject, from_box, to_box, cc_box, from_shown, to_shown,"
            " reply, parents) VALUES ($1, 77, $2, $2, $2, $2, $2, $2, 0, $2)",
            you.account_id,
            b"",
        )

    await store.database.write(spoil)
    assert {one.kind for one in await store.repair(you.account_id)} == {"summary_renewed"}
    expected = [row[0] for row in sorted(rows, key=KEYS["subject"])]  # type: ignore[arg-type]
    assert await sort(store, you.account_id, q.Order("subject", False)) == expected
    assert await store.repair(you.account_id) == []
    count = await store.database.read(lambda connection: connection.one("SELECT COUNT(*) FROM sort_key"))
    assert count == (12,)


async def test_keys_go_with_their_messages(store: Store, you: Account) -> None:
    await filled(store, you.account_id, 10)
    box = await inbox(store, you.account_id)
    await act(
        store, you.account_id, lambda tx: tx.expunge(you.account_id, box.mailbox_id, [(1, 4)], only_deleted=False)
    )
    rows = await store.database.read(lambda connection: connection.all("SELECT message_id FROM sort_key"))
    assert len(rows) == 6


async def test_threads_of_what_is_known(store: Store, you: Account) -> None:
    rows = await filled(store, you.account_id, 50)
    place = (you.account_id, (await inbox(store, you.account_id)).mailbox_id)
    known = [row[0] for row in rows if row[0] % 4]
    forest = await sorting.threads(store, place, q.All(), "REFS", known, None)
    assert list(forest.uids) == known
    whole = await sorting.threads(store, place, q.All(), "REFS", [row[0] for row in rows], None)
    some = q.Not(q.Uids(tuple((row[0], row[0]) for row in rows if not row[0] % 4)))
    same = await sorting.threads(store, place, some, "REFS", [row[0] for row in rows], None)
    assert same == forest != whole
    empty = await sorting.threads(store, place, q.Or(()), "REFERENCES", known, None)
    assert (list(empty.uids), list(empty.roots)) == ([], [])
