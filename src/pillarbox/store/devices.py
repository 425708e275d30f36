"""The programs that read an account's mail, by what they say of themselves (RFC 2971): one row each, written daily."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pillarbox.core.clock import Clock
from pillarbox.core.ids import AccountId
from pillarbox.core.limits import DEVICE_CACHE, DEVICE_VALUE, DEVICES
from pillarbox.store.port import Connection, Database

Fields = Sequence[tuple[str, str | None]]
"""Names and values in the order in which they were said; None for nothing."""

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Device:
    """A program. `fields`: what it said, names in lower case; `address`: where it came from last; `first` and `last`:
    when it was seen, in seconds since 1970, the last time to a day."""

    fields: dict[str, str]
    address: str
    first: int
    last: int


class Devices:
    """What is known of the programs of each account."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._noted: OrderedDict[tuple[AccountId, str], int] = OrderedDict()  # when their rows were written

    async def note(self, account: AccountId, fields: Fields, address: str) -> None:
        """A program that says this of itself has logged in from a network address. Most often nothing is written: only
        when it is new, or was not seen for a day."""
        said = {_clean(name).lower(): _clean(value) for name, value in fields if value}
        if not any(said.values()):
            return
        spelled = msgspec.json.encode(said).decode()
        device = hashlib.blake2b(spelled.encode(), digest_size=16).hexdigest()
        now, key = self._clock.now(), (account, device)
        if now - self._noted.get(key, -_DAY) < _DAY:
            return
        seen = await self._database.read(lambda connection: _seen(connection, account, device))
        if seen is None or now - seen >= _DAY:
            row = (account, device, spelled, address, now)
            await self._database.write(lambda connection: _write(connection, *row))
            seen = now
        self._noted[key] = seen
        self._noted.move_to_end(key)
        if len(self._noted) > DEVICE_CACHE:
            self._noted.popitem(last=False)

    async def of(self, account: AccountId) -> list[Device]:
        """The programs of an account, the one seen last before the others."""
        sql = "SELECT fields, address, first_seen, last_seen FROM device WHERE account_id = $1"
        rows = await self._database.read(
            lambda connection: connection.all(f"{sql} ORDER BY last_seen DESC, device_id", account)
        )
        return [Device(msgspec.json.decode(row[0], type=dict[str, str]), *row[1:]) for row in rows]


def _clean(text: str) -> str:
    """What can be stored and shown on a terminal."""
    return "".join(letter for letter in text[:DEVICE_VALUE] if letter.isprintable())


async def _seen(connection: Connection, account: AccountId, device: str) -> int | None:
    row = await connection.one("SELECT last_seen FROM device WHERE account_id = $1 AND device_id = $2", account, device)
    return None if row is None else int(row[0])


async def _write(connection: Connection, account: AccountId, device: str, fields: str, address: str, now: int) -> None:
    """Keep a program, and of too many those that were seen last."""
    await connection.run(
        "INSERT INTO device (account_id, device_id, fields, address, first_seen, last_seen)"
        " VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (account_id, device_id)"
        " DO UPDATE SET address = excluded.address, last_seen = excluded.last_seen",
        account,
        device,
        fields,
        address,
        now,
    )
    await connection.run(
        "DELETE FROM device WHERE account_id = $1 AND device_id IN (SELECT device_id FROM device"
        " WHERE account_id = $1 ORDER BY last_seen DESC, device_id LIMIT $2 OFFSET $3)",
        account,
        DEVICES,
        DEVICES,
    )
