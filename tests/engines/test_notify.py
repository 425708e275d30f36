"""Hints between processes, over both engines."""

import asyncio
import os
from pathlib import Path

import pytest

from pillarbox.core.ids import AccountId, Modseq
from pillarbox.engines.notify.local import LocalNotifier
from pillarbox.engines.notify.postgres import PostgresNotifier
from pillarbox.store.port import Notifier
from tests.engines_fixtures import Engine
from tests.postgres import PostgresServer

Received = asyncio.Queue[tuple[AccountId, Modseq]]


async def listening(notifier: Notifier) -> Received:
    """What `notifier` receives from now on."""
    received: Received = asyncio.Queue()
    notifier.subscribe(lambda account_id, modseq: received.put_nowait((account_id, modseq)))
    if isinstance(notifier, PostgresNotifier):
        await notifier.listening()
    return received


async def test_a_hint_reaches_everybody_else(engine: Engine) -> None:
    others = [await listening(engine.another_notifier()) for _ in range(2)]
    own = await listening(engine.notifier)
    engine.notifier.publish([(AccountId(2**63 - 1), Modseq(5)), (AccountId(2), Modseq(1))])
    engine.notifier.publish([(AccountId(2), Modseq(9))])
    for other in others:
        hints = {await other.get(), await other.get()}
        assert hints == {(2**63 - 1, 5), (2, 9)}
        assert other.empty()
    assert own.empty()


async def test_the_last_hints_are_sent_by_who_closes_at_once(engine: Engine) -> None:
    other = await listening(engine.another_notifier())
    ending = engine.another_notifier()
    ending.publish([(AccountId(7), Modseq(3))])
    await ending.close()
    assert await asyncio.wait_for(other.get(), 10) == (7, 3)


async def test_many_accounts_at_once(engine: Engine) -> None:
    other = await listening(engine.another_notifier())
    await listening(engine.notifier)
    changes = [(AccountId(2**62 + number), Modseq(2**60 + number)) for number in range(1000)]
    engine.notifier.publish(changes)
    assert {await other.get() for _ in range(1000)} == set(changes)


async def test_a_callback_that_raises_harms_no_other(engine: Engine) -> None:
    notifier = engine.another_notifier()

    def raises(_account_id: AccountId, _modseq: Modseq) -> None:
        raise ValueError("a bug")

    notifier.subscribe(raises)
    received = await listening(notifier)
    for number in range(2):
        engine.notifier.publish([(AccountId(1), Modseq(number))])
        assert await received.get() == (1, number)


async def test_a_stale_socket_is_removed(tmp_path: Path) -> None:
    dead = LocalNotifier(str(tmp_path))
    await listening(dead)
    assert dead._receiver is not None
    asyncio.get_running_loop().remove_reader(dead._receiver)
    dead._receiver.close()  # as if its process had been killed
    alive = LocalNotifier(str(tmp_path))
    other = LocalNotifier(str(tmp_path))
    received = await listening(other)
    alive.publish([(AccountId(1), Modseq(1))])
    assert await received.get() == (1, 1)
    assert len(sockets(tmp_path)) == 1
    await alive.close()
    await other.close()
    assert sockets(tmp_path) == []


async def test_whoever_comes_within_a_tick_of_the_clock_is_found(tmp_path: Path) -> None:
    first, second = LocalNotifier(str(tmp_path)), LocalNotifier(str(tmp_path))
    await listening(first)
    first.publish([(AccountId(1), Modseq(1))])
    await asyncio.sleep(0)  # it has looked who is there
    moment = tmp_path.stat().st_mtime_ns  # noqa: ASYNC240
    received = await listening(second)
    os.utime(tmp_path, ns=(moment, moment))
    first.publish([(AccountId(1), Modseq(2))])
    async with asyncio.timeout(10):
        assert await received.get() == (1, 2)
    await first.close()
    await second.close()


async def test_nobody_reads_and_nobody_blocks(tmp_path: Path) -> None:
    asleep, awake = LocalNotifier(str(tmp_path)), LocalNotifier(str(tmp_path))
    await listening(asleep)
    assert asleep._receiver is not None
    asyncio.get_running_loop().remove_reader(asleep._receiver)
    for number in range(2000):
        awake.publish([(AccountId(1), Modseq(number))])
        await asyncio.sleep(0)
    await awake.close()
    await asleep.close()


async def test_garbage_is_ignored(tmp_path: Path) -> None:
    notifier, other = LocalNotifier(str(tmp_path)), LocalNotifier(str(tmp_path))
    received = await listening(notifier)
    other._sender.sendto(b"garbage", str(tmp_path / sockets(tmp_path)[0]))
    other.publish([(AccountId(1), Modseq(1))])
    assert await received.get() == (1, 1)
    await notifier.close()
    await other.close()


def sockets(folder: Path) -> list[str]:
    """The names of the sockets in `folder`."""
    return [entry.name for entry in folder.iterdir()]


async def test_postgres_notifier_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillarbox.engines.notify.postgres.RETRY_SECONDS", 0.05)
    server = PostgresServer(durable=True)
    one, two = PostgresNotifier(server.url()), PostgresNotifier(server.url())
    received = await listening(two)
    await one.listening()
    server.kill()
    server.start()
    while received.empty():  # a hint may be lost until both are back
        one.publish([(AccountId(1), Modseq(1))])
        await asyncio.sleep(0.05)
    assert await received.get() == (1, 1)
    await one.close()
    await two.close()
    server.stop()
