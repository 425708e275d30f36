"""Mail of our own people, with Python's own client over TLS: what is delivered, queued and changed."""

import asyncio
import smtplib
import ssl

import pytest

from pillarbox.core.errors import Invalid
from pillarbox.services.submission.service import BadRecipients
from tests.servers.smtp.client import Client
from tests.servers.smtp.house import PLAIN, House

MESSAGE = (
    b"From: You <you@demo.test>\r\nTo: friend@demo.test\r\nBcc: somebody@elsewhere.test\r\nSubject: hello\r\n\r\n"
    b"Bcc: of the body\r\n.\r\n"
)


def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _send(port: int, *, implicit: bool, message: bytes = MESSAGE) -> dict[str, tuple[int, bytes]]:
    client = smtplib.SMTP_SSL("127.0.0.1", port, context=_tls()) if implicit else smtplib.SMTP("127.0.0.1", port)
    with client:
        if not implicit:
            client.starttls(context=_tls())
        client.login("you@demo.test", "secret")
        recipients = ["friend@demo.test", "somebody@elsewhere.test", "no@demo.test"]
        return client.sendmail("you@demo.test", recipients, message)


@pytest.mark.parametrize("name", ["submission", "submissions"])
async def test_local_and_remote(house: House, name: str) -> None:
    refused = await asyncio.to_thread(_send, house.port(name), implicit=name == "submissions")
    assert [code for code, _ in refused.values()] == [550]
    (octets,) = await house.mail(house.friend)
    header, _, body = octets.partition(b"\r\n\r\n")
    lines = header.split(b"\r\n")
    assert lines[0] == b"Return-Path: <you@demo.test>"
    assert lines[1].startswith(b"Received: by mail.demo.test with ESMTPSA id ")
    assert b"127.0.0.1" not in header
    assert b"elsewhere" not in header
    assert sum(line.startswith((b"Date: ", b"Message-ID: <")) for line in lines) == 2
    assert lines[-3:] == [b"From: You <you@demo.test>", b"To: friend@demo.test", b"Subject: hello"]
    assert body == b"Bcc: of the body\r\n.\r\n"
    (row,) = await house.store.queued(house.you.account_id)
    assert (row.recipient, row.sender) == ("somebody@elsewhere.test", "you@demo.test")
    queued = b"".join([chunk async for chunk in house.store.chunks(house.you.account_id, row.blob)])
    assert queued == octets.partition(b"\r\n")[2]


async def test_from_of_somebody_else(house: House) -> None:
    forged = MESSAGE.replace(b"You <you@demo.test>", b"friend@demo.test")
    with pytest.raises(smtplib.SMTPDataError) as refused:
        await asyncio.to_thread(_send, house.port("submissions"), implicit=True, message=forged)
    assert refused.value.smtp_code == 550
    assert await house.mail(house.friend) == []
    assert await house.store.queued(house.you.account_id) == []


def _login(port: int) -> str:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.ehlo()
        offered = client.esmtp_features.get("auth", "")
        try:
            client.login("you@demo.test", "secret")
        except smtplib.SMTPException:
            return ""
        return offered


async def test_clear_login_from_loopback_is_a_setting(house: House) -> None:
    async with Client(house.port("submission")) as client:
        replies = await client.say("EHLO client.test", f"AUTH PLAIN {PLAIN}", "MAIL FROM:<you@demo.test>")
        assert [reply[:3] for reply in replies] == ["250", "538", "530"]
    assert "PLAIN" in await asyncio.to_thread(_login, house.port("clear"))
    assert await asyncio.to_thread(_login, house.port("submission")) == ""


@pytest.mark.parametrize("octets", [MESSAGE.replace(b"\r\n", b"\n"), MESSAGE + b"\0\r\n"])
async def test_a_stored_message_that_cannot_go_out(house: House, octets: bytes) -> None:
    you = house.you.account_id
    spool = house.store.spool()
    spool.write(octets)
    arrived = await spool.finish()
    blob = await house.store.write([you], lambda tx: tx.add_upload(you, arrived, "message/rfc822"))
    with pytest.raises(Invalid):
        await house.services.submissions.prepare_stored(you, blob, "you@demo.test", ["friend@demo.test"])
    assert await house.mail(house.friend) == []


async def test_a_stored_message(house: House) -> None:
    you = house.you.account_id
    spool = house.store.spool()
    spool.write(MESSAGE)
    arrived = await spool.finish()
    blob = await house.store.write([you], lambda tx: tx.add_upload(you, arrived, "message/rfc822"))
    submissions = house.services.submissions
    with pytest.raises(BadRecipients) as bad:
        await submissions.prepare_stored(you, blob, "you@demo.test", ["friend@demo.test", "no@demo.test"])
    assert bad.value.addresses == ("no@demo.test",)
    ready = await submissions.prepare_stored(you, blob, "you@demo.test", ["friend@demo.test", "x@elsewhere.test"])
    done = await submissions.dispatch(ready)
    assert done.statuses == (("friend@demo.test", "local"), ("x@elsewhere.test", "queued"))
    assert len(done.queued) == 1
    (octets,) = await house.mail(house.friend)
    assert b"Bcc: somebody" not in octets
    assert octets.endswith(b"\r\n\r\nBcc: of the body\r\n.\r\n")
    (row,) = await house.store.queued(you)
    assert row.submission_id == done.submission_id
