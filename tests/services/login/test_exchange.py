"""Exchanges with the login service on a real store: who gets in, and what a stranger can tell."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from scramp import ScramClient

from pillarbox.core.clock import SystemClock
from pillarbox.core.errors import Denied, Expired
from pillarbox.net.session import TlsFacts
from pillarbox.services.login.bearers import OwnTokens
from pillarbox.services.login.exchange import Exchange, begin
from pillarbox.services.login.passwords import hash_password, scram_keys
from pillarbox.services.login.service import Logins
from pillarbox.services.login.tokens import Tokens, Use
from pillarbox.store.model import Account
from pillarbox.store.store import Store
from pillarbox.wire.sasl.mechanism import Challenge
from tests.engines_fixtures import Engine
from tests.stores import open_store

PASSWORD = "secret"
HASH, KEYS = hash_password(PASSWORD), scram_keys(PASSWORD)
TOKENS = Tokens(bytes(32))
PEER = "192.0.2.1"
POINT = b"point"
FACTS = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256, None, {"tls-server-end-point": POINT})


@pytest.fixture
async def store(engine: Engine) -> AsyncIterator[Store]:
    found = await open_store(engine)
    await found.directory.add_domain("demo.test")
    yield found
    await found.close()


@pytest.fixture
async def logins(store: Store) -> AsyncIterator[Logins]:
    found = Logins(store, TOKENS, OwnTokens(store.directory, TOKENS, SystemClock()))
    yield found
    found.close()


@pytest.fixture
async def you(store: Store) -> Account:
    return await store.directory.add_account("you@demo.test", HASH, scram=KEYS)


def opened(logins: Logins, name: str, facts: TlsFacts = FACTS) -> Exchange:
    exchange = begin(logins, name, facts, PEER)
    assert exchange is not None
    return exchange


async def scram(logins: Logins, mechanism: str, login: str, password: str, authzid: str = "") -> Account:
    """Log in with another implementation's client."""
    binding = ("tls-server-end-point", POINT) if mechanism.endswith("-PLUS") else None
    client = ScramClient([mechanism], login, password, channel_binding=binding)
    exchange = opened(logins, mechanism)
    first = await exchange.start(client.get_client_first().encode())
    assert isinstance(first, Challenge)
    client.set_server_first(first.octets.decode())
    final = await exchange.step(client.get_client_final().encode())
    assert isinstance(final, Challenge)
    client.set_server_final(final.octets.decode())
    account = await exchange.step(b"")
    assert isinstance(account, Account)
    return account


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-256", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"])
async def test_scram(store: Store, logins: Logins, you: Account, mechanism: str) -> None:
    await store.directory.add_alias("me@demo.test", ["you@demo.test"])
    assert await scram(logins, mechanism, "You@Demo.test", PASSWORD) == you
    assert await scram(logins, mechanism, "me@demo.test", PASSWORD) == you
    for login, password in (("you@demo.test", "Secret"), ("nobody@demo.test", PASSWORD), ("no address", PASSWORD)):
        with pytest.raises(Denied):
            await scram(logins, mechanism, login, password)


async def test_a_switched_off_account_stays_out(store: Store, logins: Logins, you: Account) -> None:
    await store.directory.set_active(you.account_id, False)
    with pytest.raises(Denied):
        await scram(logins, "SCRAM-SHA-256", "you@demo.test", PASSWORD)


async def test_a_new_password_ends_the_old_keys(store: Store, logins: Logins, you: Account) -> None:
    await store.directory.set_password(you.account_id, hash_password("other"))
    for password in (PASSWORD, "other"):
        with pytest.raises(Denied):
            await scram(logins, "SCRAM-SHA-256", "you@demo.test", password)
    await logins.password("you@demo.test", "other", PEER)  # makes up for the keys
    assert (await scram(logins, "SCRAM-SHA-1", "you@demo.test", "other")).account_id == you.account_id
    with pytest.raises(Denied):
        await scram(logins, "SCRAM-SHA-256", "you@demo.test", PASSWORD)


async def test_a_password_changed_during_the_exchange(store: Store, logins: Logins, you: Account) -> None:
    client = ScramClient(["SCRAM-SHA-256"], "you@demo.test", PASSWORD)
    exchange = opened(logins, "SCRAM-SHA-256")
    first = await exchange.start(client.get_client_first().encode())
    assert isinstance(first, Challenge)
    client.set_server_first(first.octets.decode())
    await exchange.step(client.get_client_final().encode())
    await store.directory.set_password(you.account_id, hash_password("other"), scram_keys("other"))
    with pytest.raises(Denied):
        await exchange.step(b"")


async def test_keys_are_not_added_for_a_password_of_before(store: Store, logins: Logins) -> None:
    old = await store.directory.add_account("old@demo.test", HASH)
    await logins.password("old@demo.test", PASSWORD, PEER)
    assert (await store.directory.account(old.account_id)).scram
    fresh = await store.directory.add_account("new@demo.test", HASH)
    with pytest.raises(Exception, match="no such entry"):
        await store.directory.add_scram(fresh.account_id, "another hash", KEYS)


async def test_nobody_learns_who_exists(logins: Logins, store: Store, you: Account) -> None:
    """The challenge for a name without account or keys looks like any other and is the same each time."""
    await store.directory.add_account("keyless@demo.test", HASH)

    async def shown(login: str) -> list[str]:
        first = await opened(logins, "SCRAM-SHA-256").start(f"n,,n={login},r=abc".encode())
        assert isinstance(first, Challenge)
        return first.octets.decode().split(",")[1:]

    forms = {}
    for login in ("you@demo.test", "keyless@demo.test", "nobody@demo.test", "x@else.test"):
        forms[login] = await shown(login)
        assert forms[login] == await shown(login)
    assert len({salt for salt, _ in forms.values()}) == 4
    assert {(len(salt), iterations) for salt, iterations in forms.values()} == {(len("s=") + 24, "i=50000")}


async def test_plus_is_offered_over_tls_only(logins: Logins) -> None:
    assert begin(logins, "SCRAM-SHA-256-PLUS", None, PEER) is None
    assert begin(logins, "SCRAM-SHA-256", None, PEER) is not None
    assert begin(logins, "NTLM", FACTS, PEER) is None


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
async def test_acting_for_others(logins: Logins, you: Account, mechanism: str) -> None:
    exchange = opened(logins, mechanism)
    if mechanism == "PLAIN":
        with pytest.raises(Denied):
            await exchange.start(b"friend@demo.test\0you@demo.test\0secret")
        account = await opened(logins, mechanism).start(b"you@demo.test\0you@demo.test\0secret")
        assert account == you
    else:
        assert isinstance(await exchange.start(b"n,a=friend@demo.test,n=you@demo.test,r=abc"), Challenge)


@pytest.mark.parametrize(
    ("mechanism", "message"),
    [
        ("OAUTHBEARER", "n,a=you@demo.test,\1auth=Bearer {}\1\1"),
        ("OAUTHBEARER", "n,,\1auth=Bearer {}\1\1"),
        ("XOAUTH2", "user=you@demo.test\1auth=Bearer {}\1\1"),
    ],
)
async def test_tokens(store: Store, logins: Logins, you: Account, mechanism: str, message: str) -> None:
    end = int(time.time()) + 1000
    token = TOKENS.issue(Use.BEARER, you, end)
    assert await opened(logins, mechanism).start(message.format(token).encode()) == you
    friend = await store.directory.add_account("friend@demo.test", HASH)
    strangers = [
        TOKENS.issue(Use.COOKIE, you, end),
        TOKENS.issue(Use.BEARER, you, 1000),
        Tokens(b"x" * 32).issue(Use.BEARER, you, end),
        token[:-4] + "AAAA",
    ]
    if "you@" in message:
        strangers.append(TOKENS.issue(Use.BEARER, friend, end))
    for number, wrong in enumerate(strangers):
        exchange = opened(logins, mechanism)
        refusal = await exchange.start(message.format(wrong).encode())
        assert isinstance(refusal, Challenge)
        assert b'"status"' in refusal.octets
        with pytest.raises(Denied) as refused:
            await exchange.step(b"\1")
        assert (refused.type is Expired) is (number == 1)
    await store.directory.set_password(you.account_id, hash_password("other"))
    exchange = opened(logins, mechanism)
    assert isinstance(await exchange.start(message.format(token).encode()), Challenge)
    with pytest.raises(Expired):
        await exchange.step(b"\1")


async def test_guessing_is_held_up(logins: Logins, you: Account) -> None:
    """An address that guesses may try few things at once, by whatever mechanism."""
    for _ in range(10):
        with pytest.raises(Denied):
            await scram(logins, "SCRAM-SHA-256", "you@demo.test", "wrong")
    guesses = [scram(logins, "SCRAM-SHA-256", "you@demo.test", f"wrong{number}") for number in range(9)]
    results = await asyncio.gather(*guesses, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Busy", *["Denied"] * 8]
