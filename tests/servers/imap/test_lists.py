"""LIST over very many mailboxes: answered in turns with other sessions, whatever the patterns."""

import asyncio
from typing import Any

import pytest

from pillarbox.core.limits import IMAP_PATTERN_TEXT, IMAP_PATTERNS
from pillarbox.servers.imap import pace, telling
from pillarbox.store.transaction import Transaction
from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import Client, connect

MANY = 1500


async def _client(house: House) -> Client:
    account = await house.account()

    async def unit(tx: Transaction) -> None:
        for number in range(MANY):
            await tx.create_mailbox(account.account_id, f"Letters of {number % 60}/{number:04}")

    await house.store.write([account.account_id], unit)
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    return client


async def test_others_run_while_many_patterns_are_held_against_many_names(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "TURN", 0.0)  # every step is the last of its turn
    client = await _client(house)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    task = asyncio.create_task(other())
    patterns = " ".join(f"*L%t{number}*s%q*" for number in range(IMAP_PATTERNS))
    named = f"subtree ({' '.join(map(str, range(IMAP_PATTERNS)))})"
    for command in (
        f'LIST "" ({patterns})',
        f'LIST (RECURSIVEMATCH SUBSCRIBED) "" ({patterns})',
        'LSUB "" *L%t*s%q*',
        f"ESEARCH IN ({' '.join([named] * IMAP_PATTERNS)}) ALL",
        f"NOTIFY SET STATUS {' '.join([f'({named} (MessageNew MessageExpunge))'] * IMAP_PATTERNS)}",
    ):
        turns = 0
        assert await client.ok(command) == []
        assert turns > MANY, command[:40]
    task.cancel()
    client.close()


async def test_all_names_are_listed_in_order_with_what_was_asked_for(house: House) -> None:
    client = await _client(house)
    answers = await client.ok('LIST "" * RETURN (STATUS (MESSAGES))')
    assert len(answers) == 2 * (MANY + 60 + 6)
    named = [answer.partition(b'"/" ')[2].strip(b'"') for answer in answers[::2]]
    assert named == [b"INBOX", *sorted(named[1:], key=lambda one: one.replace(b"/", b"\1"))]
    assert all(name in status for name, status in zip(named, answers[1::2], strict=True))
    client.close()


async def test_patterns_that_are_too_long_are_refused(house: House) -> None:
    account = await house.account()
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    half = "x" * (IMAP_PATTERN_TEXT // 2)
    assert await client.ok(f'LIST "" ({half} {half})') == []
    assert (await client.command(f'LIST "" ({half} {half}y)'))[1].startswith(b"NO [LIMIT]")
    client.close()


async def test_others_run_while_word_of_many_mailboxes_is_sent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TURN", 0.0)
    account = await house.account()
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    await client.ok("NOTIFY SET (PERSONAL (MailboxName))")
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    told_in: list[int] = []
    tell = telling._tell

    async def noted(*arguments: Any) -> None:
        told_in.append(turns)
        await tell(*arguments)

    async def unit(tx: Transaction) -> None:
        for number in range(MANY):
            await tx.create_mailbox(account.account_id, f"{number:04}")

    monkeypatch.setattr(telling, "_tell", noted)
    task = asyncio.create_task(other())
    await house.store.write([account.account_id], unit)
    told = [await client.response() for _ in range(MANY)]
    task.cancel()
    assert all(line.startswith(b"* LIST (") for line in told)
    assert len(set(told_in)) == MANY
    client.close()
