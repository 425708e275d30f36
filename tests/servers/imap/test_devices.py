"""ID: what programs say of themselves is remembered with the account, before login, after it, and across logins."""

import pytest

from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import connect

MUTT = 'ID ("name" "mutt" "version" "2.2")'


@pytest.mark.parametrize("order", ["before", "after"])
async def test_whose_program_it_is(house: House, order: str) -> None:
    account = await house.account()
    client = await connect(house.port["imap"])
    commands = [MUTT, f"LOGIN {account.login} {PASSWORD}"]
    for command in commands if order == "before" else reversed(commands):
        await client.ok(command)
    (device,) = await house.store.devices.of(account.account_id)
    assert (device.fields, device.address) == ({"name": "mutt", "version": "2.2"}, "127.0.0.1")
    client.close()


async def test_the_next_login_has_the_same_program(house: House) -> None:
    first, second = await house.account(), await house.account()
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {first.login} {PASSWORD}")
    await client.ok(MUTT)
    await client.ok("UNAUTHENTICATE")
    await client.ok(f"LOGIN {second.login} {PASSWORD}")
    assert len(await house.store.devices.of(second.account_id)) == 1
    client.close()


async def test_strangers_and_who_says_nothing_leave_no_trace(house: House) -> None:
    account = await house.account()
    client = await connect(house.port["imap"])
    await client.ok(MUTT)
    _, tagged = await client.command(f"LOGIN {account.login} wrong")
    assert tagged.startswith(b"NO")
    assert await house.store.devices.of(account.account_id) == []
    client.close()
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    await client.ok("ID NIL")
    await client.ok("ID ()")
    assert await house.store.devices.of(account.account_id) == []
    client.close()
