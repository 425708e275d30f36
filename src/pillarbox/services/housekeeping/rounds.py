"""The rounds of the house: what nobody needs any more is swept, again and again, by one process at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog

from pillarbox.core.errors import MailError
from pillarbox.store import indexing
from pillarbox.store.store import Store

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Round:
    """Something to be done every `seconds`, first after `begin` seconds."""

    name: str
    begin: float
    seconds: float
    work: Callable[[], Awaitable[object]]


def rounds(store: Store) -> tuple[Round, ...]:
    """What is done for a store."""
    return (
        Round("index", 1, 2, indexing.Follower(store).follow),
        Round("sweep", 60, 900, store.sweep),
        Round("tidy", 180, 3600, lambda: indexing.tidy(store)),
        Round("trim", 300, 21_600, store.trim),
    )


async def keep_house(every: Iterable[Round]) -> None:
    """Do all rounds until cancelled; one that fails is logged and tried again at its next time."""
    async with asyncio.TaskGroup() as group:
        for one in every:
            group.create_task(_walk(one))


async def _walk(one: Round) -> None:
    await asyncio.sleep(one.begin)
    while True:
        try:
            await one.work()
        except MailError as error:
            log.warning("housekeeping.failed", round=one.name, reason=str(error))
        except Exception:
            log.exception("housekeeping.failed", round=one.name)
        await asyncio.sleep(one.seconds)
