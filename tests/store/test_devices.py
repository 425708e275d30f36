"""Programs by what they say of themselves, on both engines and in several processes."""

from pillarbox.core.limits import DEVICE_VALUE, DEVICES
from pillarbox.store.devices import Device
from pillarbox.store.model import Account
from pillarbox.store.store import Store
from tests.stores import StepClock, add_account

MUTT = (("name", "mutt"), ("version", "2.2"), ("vendor", None))
DAY = 86_400


async def test_a_program_is_one_row(store: Store, other: Store, you: Account, clock: StepClock) -> None:
    friend = await add_account(store, "friend@demo.test")
    clock.time = 1_000_000
    for database in (store, other, store):
        await database.devices.note(you.account_id, MUTT, "192.0.2.1")
    assert await store.devices.of(you.account_id) == [
        Device({"name": "mutt", "version": "2.2"}, "192.0.2.1", 1_000_000, 1_000_000)
    ]
    assert await store.devices.of(friend.account_id) == []
    clock.time += DAY - 1
    await store.devices.note(you.account_id, MUTT, "192.0.2.2")
    assert (await store.devices.of(you.account_id))[0].last == 1_000_000
    clock.time += 1
    await other.devices.note(you.account_id, MUTT, "192.0.2.2")
    (seen,) = await store.devices.of(you.account_id)
    assert (seen.address, seen.first, seen.last) == ("192.0.2.2", 1_000_000, 1_000_000 + DAY)


async def test_another_version_is_another_program(store: Store, you: Account, clock: StepClock) -> None:
    for number in range(3):
        clock.time = 1_000_000 + number
        await store.devices.note(you.account_id, (("Name", "x"), ("version", str(number))), "::1")
    assert [one.fields["version"] for one in await store.devices.of(you.account_id)] == ["2", "1", "0"]


async def test_the_number_is_bounded(store: Store, you: Account, clock: StepClock) -> None:
    for number in range(DEVICES + 5):
        clock.time = 1_000_000 + number
        await store.devices.note(you.account_id, (("name", f"x{number}"),), "::1")
    known = await store.devices.of(you.account_id)
    assert len(known) == DEVICES
    assert known[0].fields["name"] == f"x{DEVICES + 4}"


async def test_what_is_hostile_is_harmless(store: Store, you: Account) -> None:
    await store.devices.note(you.account_id, (("na\0me", "a\0b\x1b[2Jc\r\n" + "d" * 5000), ("n" * 30, "")), "::1")
    (one,) = await store.devices.of(you.account_id)
    assert one.fields == {"name": ("ab[2Jc" + "d" * 5000)[: DEVICE_VALUE - 4]}
    for nothing in ((), (("name", None),), (("name", ""),), (("name", "\0"),)):
        await store.devices.note(you.account_id, nothing, "::1")
    assert len(await store.devices.of(you.account_id)) == 1


async def test_it_goes_with_its_account(store: Store, you: Account) -> None:
    await store.devices.note(you.account_id, MUTT, "::1")
    await store.directory.remove_account(you.account_id)
    assert await store.devices.of(you.account_id) == []
