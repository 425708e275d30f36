"""The directory: addresses, aliases, sub-addresses, catch-alls, loops, and other processes."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pillarbox.core.errors import Conflict, Exists, Invalid, MailError, NotFound
from pillarbox.store import directory as directory_module
from pillarbox.store.model import Account, Local, Remote, Unknown
from pillarbox.store.port import Connection
from pillarbox.store.store import Store
from tests.stores import add_account, deliver


async def test_resolve(store: Store, you: Account) -> None:
    directory = store.directory
    friend = await add_account(store, "friend@demo.test")
    await directory.add_alias("team@demo.test", ["you@demo.test", "Friend@demo.test", "x@else.test"])
    await directory.add_alias("all@demo.test", ["team@demo.test", "all@demo.test"])
    found = await directory.resolve("YOU+News@Demo.TEST")
    assert found == Local("YOU+News@Demo.TEST", (you.account_id,), "news")
    team = await directory.resolve("team@demo.test")
    assert isinstance(team, Local)
    assert set(team.accounts) == {you.account_id, friend.account_id}
    assert team.remote == ("x@else.test",)
    everybody = await directory.resolve("all+x@demo.test")
    assert isinstance(everybody, Local)
    assert (set(everybody.accounts), everybody.detail) == (set(team.accounts), "x")
    assert await directory.resolve("nobody@demo.test") == Unknown("nobody@demo.test")
    assert await directory.resolve("a@else.test") == Remote("a@else.test")
    with pytest.raises(Invalid):
        await directory.resolve("no address")
    await directory.add_alias("@demo.test", ["friend@demo.test"])
    caught = await directory.resolve("nobody@demo.test")
    assert isinstance(caught, Local)
    assert caught.accounts == (friend.account_id,)


async def test_international_addresses(store: Store) -> None:
    await store.directory.add_domain("B\u00fccher.test")
    one = await add_account(store, "J\u00f6rg@b\u00fccher.test")
    for spelling in ("j\u00f6rg@xn--bcher-kva.test", "JO\u0308RG@b\u00fccher.test", '"j\u00f6rg"@b\u00fccher.test'):
        found = await store.directory.resolve(spelling)
        assert isinstance(found, Local), spelling
        assert found.accounts == (one.account_id,)


async def test_loops_end(store: Store, you: Account) -> None:
    directory = store.directory
    for number in range(15):
        await directory.add_alias(f"a{number}@demo.test", [f"a{number + 1}@demo.test"])
    await directory.add_alias("a15@demo.test", ["a0@demo.test"])
    assert await directory.resolve("a0@demo.test") == Unknown("a0@demo.test")
    await directory.add_alias("a3@demo.test", ["a2@demo.test", "you@demo.test"])
    found = await directory.resolve("a0@demo.test")
    assert isinstance(found, Local)
    assert found.accounts == (you.account_id,)


async def test_logins_and_senders(store: Store, you: Account) -> None:
    directory = store.directory
    friend = await add_account(store, "friend@demo.test")
    await directory.add_alias("me@demo.test", ["you@demo.test"])
    await directory.add_alias("both@demo.test", ["you@demo.test", "friend@demo.test"])
    await directory.add_alias("@demo.test", ["friend@demo.test"])
    for name, expected in (
        ("YOU@demo.test", you.account_id),
        ("me@demo.test", you.account_id),
        ("both@demo.test", None),
        ("any@demo.test", None),
        ("you+x@demo.test", None),
        ("you", None),
    ):
        account = await directory.login(name)
        assert (account and account.account_id) == expected, name
    assert await directory.may_send_as(you.account_id, "you+list@demo.test")
    assert await directory.may_send_as(you.account_id, "me@demo.test")
    assert not await directory.may_send_as(you.account_id, "friend@demo.test")
    assert not await directory.may_send_as(you.account_id, "x@else.test")
    assert await directory.may_send_as(friend.account_id, "any@demo.test")
    assert await directory.addresses_of(you.account_id) == ["you@demo.test", "both@demo.test", "me@demo.test"]
    await directory.set_active(you.account_id, False)
    assert await directory.login("you@demo.test") is None


async def test_managing(store: Store, you: Account) -> None:
    directory = store.directory
    refusals: list[tuple[object, type[MailError]]] = [
        (directory.add_domain("DEMO.test"), Exists),
        (directory.add_domain("no domain"), Invalid),
        (directory.remove_domain("demo.test"), Conflict),
        (directory.remove_domain("else.test"), NotFound),
        (directory.add_account("You@demo.test", "h"), Exists),
        (directory.add_account("a@else.test", "h"), NotFound),
        (directory.add_account("a+b@demo.test", "h"), Invalid),
        (directory.add_alias("you@demo.test", ["x@demo.test"]), Exists),
        (directory.add_alias("x@else.test", ["you@demo.test"]), NotFound),
        (directory.add_alias("x@demo.test", []), Invalid),
        (directory.add_alias("x@demo.test", ["@demo.test"]), Invalid),
        (directory.remove_alias("x@demo.test"), NotFound),
    ]
    for refused, error in refusals:
        with pytest.raises(error):
            await refused  # type: ignore[misc]
    await directory.add_alias("x@demo.test", ["you@demo.test"])
    with pytest.raises(Exists):
        await directory.add_account("x@demo.test", "h")
    await directory.set_password(you.account_id, "new")
    await directory.set_quota(you.account_id, 5)
    changed = await directory.account(you.account_id)
    assert (changed.password, changed.quota) == ("new", 5)
    await directory.set_quota(you.account_id, None)
    await deliver(store, you.account_id)
    await directory.remove_account(you.account_id)
    await directory.remove_alias("x@demo.test")
    assert (await directory.accounts(), await directory.aliases()) == ([], [])
    with pytest.raises(NotFound):
        await directory.account(you.account_id)
    await directory.remove_domain("demo.test")
    assert await directory.domains() == []


async def test_another_process_sees_changes(
    store: Store, other: Store, you: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert await other.directory.resolve("new@demo.test") == Unknown("new@demo.test")
    monkeypatch.setattr(directory_module, "VERSION_SECONDS", 0.0)
    new = await add_account(store, "new@demo.test")
    found = await other.directory.resolve("new@demo.test")
    assert isinstance(found, Local)
    assert found.accounts == (new.account_id,)
    assert (await other.mailboxes(new.account_id))[0].name == "INBOX"


async def test_what_was_read_before_a_change_is_not_remembered_after_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer on its way while the directory changes must not stay: the address would be refused for good."""
    directory, read = store.directory, store.database.read
    await add_account(store)
    await directory.resolve("you@demo.test")

    async def late(look: Callable[[Connection], Awaitable[Any]]) -> Any:
        found = await read(look)
        if found == Unknown("new@demo.test"):
            monkeypatch.undo()
            await add_account(store, "new@demo.test")
        return found

    monkeypatch.setattr(store.database, "read", late)
    assert await directory.resolve("new@demo.test") == Unknown("new@demo.test")
    assert isinstance(await directory.resolve("new@demo.test"), Local)
