"""Logging in by password, token and cookie; and nobody else's pages asking."""

import asyncio
from dataclasses import replace

import pytest

from pillarbox.servers.http.server import HttpServer
from pillarbox.store.people import ended_sessions
from tests.engines_fixtures import Engine
from tests.servers.http.house import Answer, House, basic
from tests.stores import open_store

OURS = {"x-pillarbox": "1", "content-type": "application/json"}
RIGHT = b'{"username":"you@demo.test","password":"secret"}'
WRONG = b'{"username":"you@demo.test","password":"wrong"}'


def cookie(answer: Answer) -> str:
    return answer.cookies[0].partition(";")[0]


async def test_login_gives_a_cookie(house: House) -> None:
    answer = await house.ask("POST", "/auth/login", RIGHT, OURS)
    assert (answer.status, answer.json()) == (200, {"username": "you@demo.test"})
    attributes = answer.cookies[0].split("; ")
    assert {"Path=/", "HttpOnly", "SameSite=Strict"} <= set(attributes)
    assert "Secure" not in attributes
    session = await house.ask("GET", "/auth/session", headers={"cookie": cookie(answer)})
    assert session.json() == {"username": "you@demo.test"}


async def test_cookie_under_tls(house: House) -> None:
    answer = await house.ask("POST", "/auth/login", RIGHT, OURS, scheme="https", peer="192.0.2.1")
    assert answer.cookies[0].startswith("__Host-pillarbox=")
    assert "Secure" in answer.cookies[0].split("; ")


async def test_wrong_password(house: House) -> None:
    answer = await house.ask("POST", "/auth/login", WRONG, OURS)
    assert answer.status == 401
    assert "detail" in answer.json()
    assert "www-authenticate" not in answer.headers
    assert (await house.ask("GET", "/.well-known/jmap", headers={"authorization": basic(password="x")})).status == 401


async def test_guessing_is_slowed_down(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillarbox.core.limits.LOGIN_FAILURES", 1)
    monkeypatch.setattr("pillarbox.services.login.service._GUESSES", 0)
    assert (await house.ask("POST", "/auth/login", WRONG, OURS, peer="127.0.0.9")).status == 401
    answer = await house.ask("POST", "/auth/login", WRONG, OURS, peer="127.0.0.9")
    assert (answer.status, answer.headers["retry-after"]) == (429, "60")
    assert (await house.ask("POST", "/auth/login", RIGHT, OURS, peer="127.0.0.8")).status == 200


async def test_malformed_logins(house: House) -> None:
    assert (await house.ask("POST", "/auth/login", RIGHT, {"content-type": "application/json"})).status == 403
    assert (await house.ask("POST", "/auth/login", RIGHT, {"x-pillarbox": "1"})).status == 415
    assert (await house.ask("POST", "/auth/login", b"{", OURS)).status == 400
    assert (await house.ask("POST", "/auth/login", b"{}", OURS)).status == 400
    assert (await house.ask("POST", "/auth/login", b" " * 20_000, OURS)).status == 413


async def test_other_sites_cannot_ask(house: House) -> None:
    held = {"cookie": cookie(await house.ask("POST", "/auth/login", RIGHT, OURS)), "content-type": "application/json"}
    body = b'{"using":[],"methodCalls":[]}'
    assert (await house.ask("POST", "/jmap/api", body, held)).status == 403
    ours = {**held, "x-pillarbox": "1"}
    assert (await house.ask("POST", "/jmap/api", body, ours)).status == 200
    assert (await house.ask("POST", "/jmap/api", body, {**ours, "origin": "http://mail.test"})).status == 200
    assert (await house.ask("POST", "/jmap/api", body, {**ours, "origin": "http://evil.test"})).status == 403
    assert (await house.ask("POST", "/jmap/api", body, {**ours, "origin": "null"})).status == 403
    assert (await house.ask("POST", "/jmap/api", body, {**ours, "sec-fetch-site": "cross-site"})).status == 403


async def test_a_new_password_ends_sessions(house: House) -> None:
    held = {"cookie": cookie(await house.ask("POST", "/auth/login", RIGHT, OURS))}
    await house.store.directory.set_password(house.you.account_id, "other")
    assert (await house.ask("GET", "/auth/session", headers=held)).status == 401


async def test_sessions_are_renewed_and_end(house: House) -> None:
    held = {"cookie": cookie(await house.ask("POST", "/auth/login", RIGHT, OURS))}
    assert not (await house.ask("GET", "/auth/session", headers=held)).cookies
    house.clock.time += 600
    renewed = await house.ask("GET", "/auth/session", headers=held)
    assert renewed.cookies
    house.clock.time += 600
    assert (await house.ask("GET", "/auth/session", headers=held)).status == 401
    assert (await house.ask("GET", "/auth/session", headers={"cookie": cookie(renewed)})).status == 200


async def test_logout(house: House) -> None:
    answer = await house.ask("POST", "/auth/logout", b"", {"x-pillarbox": "1"})
    assert "Max-Age=0" in answer.cookies[0]
    assert (await house.ask("POST", "/auth/logout")).status == 403


async def test_a_copied_cookie_ends_with_its_session(house: House, engine: Engine) -> None:
    login = {"cookie": cookie(await house.ask("POST", "/auth/login", RIGHT, OURS))}
    other = {"cookie": cookie(await house.ask("POST", "/auth/login", RIGHT, OURS))}
    house.clock.time += 600
    renewed = {"cookie": cookie(await house.ask("GET", "/auth/session", headers=login))}
    assert renewed != login
    second = await open_store(engine, house.clock, 1 << 20)
    elsewhere = HttpServer(replace(house.services, store=second), house.settings)
    try:
        for at in (house.server, elsewhere):
            assert (await house.ask("GET", "/auth/session", headers=login, server=at)).status == 200
        out = await house.ask("POST", "/auth/logout", b"", {**renewed, "x-pillarbox": "1"})
        assert out.status == 200
        for held in (login, renewed):
            assert (await house.ask("GET", "/auth/session", headers=held)).status == 401
            for _ in range(200):
                answer = await house.ask("GET", "/auth/session", headers=held, server=elsewhere)
                if answer.status == 401:
                    break
                await asyncio.sleep(0.02)
            assert answer.status == 401
        restarted = HttpServer(house.services, house.settings)
        assert (await house.ask("GET", "/auth/session", headers=login, server=restarted)).status == 401
        assert (await house.ask("GET", "/auth/session", headers=other)).status == 200
        again = await house.ask("POST", "/auth/logout", b"", {**renewed, "x-pillarbox": "1"})
        assert again.status == 200
    finally:
        await second.close()


async def test_ended_sessions_are_forgotten_in_time(house: House) -> None:
    for _ in range(3):
        held = {"cookie": cookie(await house.ask("POST", "/auth/login", RIGHT, OURS))}
        await house.ask("POST", "/auth/logout", b"", {**held, "x-pillarbox": "1"})
        kept = await house.store.database.read(lambda one: ended_sessions(one, house.you.account_id))
        assert len(kept) == 1
        house.clock.time += 1001


async def test_too_many_ended_sessions(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pillarbox.store.people.HTTP_ENDED", 1)
    statuses = []
    for _ in range(2):
        held = {"cookie": cookie(await house.ask("POST", "/auth/login", RIGHT, OURS))}
        statuses.append((await house.ask("POST", "/auth/logout", b"", {**held, "x-pillarbox": "1"})).status)
    assert statuses == [200, 429]


async def test_bearer_tokens_log_out(house: House) -> None:
    token = (await house.ask("POST", "/auth/token", RIGHT, {"content-type": "application/json"})).json()["token"]
    headers = {"authorization": f"Bearer {token}", "x-pillarbox": "1"}
    assert (await house.ask("POST", "/auth/logout", b"", headers)).status == 200
    assert (await house.ask("GET", "/.well-known/jmap", headers=headers)).status == 401


async def test_bearer_tokens(house: House) -> None:
    given = await house.ask("POST", "/auth/token", RIGHT, {"content-type": "application/json"})
    token = given.json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    assert (await house.ask("GET", "/.well-known/jmap", headers=headers)).status == 200
    assert (await house.ask("GET", "/auth/session", headers={"cookie": f"pillarbox={token}"})).status == 401
    for wrong in (token[:-2] + "AA", "", "ä", token + "A" * 100):
        answer = await house.ask("GET", "/.well-known/jmap", headers={"authorization": f"Bearer {wrong}"})
        assert answer.status == 401


async def test_no_credentials_in_clear_from_elsewhere(house: House) -> None:
    headers = {"authorization": basic()}
    assert (await house.ask("GET", "/.well-known/jmap", headers=headers, peer="192.0.2.1")).status == 403
    assert (await house.ask("POST", "/auth/login", RIGHT, OURS, peer="192.0.2.1")).status == 403
    assert (
        await house.ask("GET", "/.well-known/jmap", headers=headers, peer="192.0.2.1", scheme="https")
    ).status == 200


async def test_nobody(house: House) -> None:
    answer = await house.ask("GET", "/.well-known/jmap")
    assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
    for bad in ("Basic !!!", "Basic", "Digest x", "Basic " + "A" * 4000):
        assert (await house.ask("GET", "/.well-known/jmap", headers={"authorization": bad})).status == 401


@pytest.mark.parametrize(
    ("peer", "status"),
    [("::1", 200), ("::ffff:127.0.0.1", 200), ("::1:2:3:4", 403), ("127.0.0.1.evil", 403), ("", 403)],
)
async def test_what_loopback_is(house: House, peer: str, status: int) -> None:
    headers = {"authorization": basic()}
    assert (await house.ask("GET", "/.well-known/jmap", headers=headers, peer=peer)).status == status


async def test_strange_cookies_beside_ours(house: House) -> None:
    ours = cookie(await house.ask("POST", "/auth/login", RIGHT, OURS))
    headers = {"cookie": f'{{"a": [1, 2]}}; x y=z; =; theme="da;rk"; {ours}; trailing'}
    assert (await house.ask("GET", "/auth/session", headers=headers)).status == 200
