"""Mail from outside over real sockets: what arrives, where, and what does not."""

import asyncio
import re

import pytest

from pillarbox.core.limits import SMTP_HOPS, SMTP_RECIPIENTS
from tests.servers.smtp.client import Client
from tests.servers.smtp.house import HOST, SIZE, House

MESSAGE = b"From: friend@elsewhere.test\r\nSubject: dots\r\n\r\n.\r\n..two\r\n\r\n.end \x80\xff\r\n"
_TRACE = re.compile(
    rb"Return-Path: <friend@elsewhere\.test>\r\n"
    rb"Received: from client\.test \(\[127\.0\.0\.1\]\)\r\n\tby mail\.demo\.test with ESMTP id [0-9a-f]{16}"
    rb"(\r\n\tfor <you@demo\.test>)?;\r\n\t[^\r\n]+\r\n"
)


async def test_octets_are_kept(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test")
        assert (await client.deliver(MESSAGE, "you@demo.test")).startswith("250 2.0.0 ")
        assert (await client.deliver(MESSAGE, "you@demo.test", "friend@demo.test")).startswith("250 2.0.0 ")
    first, second = await house.mail(house.you)
    one, two = _TRACE.match(first), _TRACE.match(second)
    assert one is not None
    assert two is not None
    assert one[1]
    assert not two[1]
    assert (first[one.end() :], second[two.end() :]) == (MESSAGE, MESSAGE)
    assert await house.mail(house.friend) == [second]


async def test_large_message_goes_through_a_file(house: House) -> None:
    body = b"".join(b"%07d " % number + b"x" * 60 + b"\r\n" for number in range(40_000))
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test")
        assert (await client.deliver(MESSAGE + body, "you@demo.test")).startswith("250 ")
    (octets,) = await house.mail(house.you)
    assert octets.endswith(MESSAGE + body)


async def test_too_big_is_not_stored(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test")
        assert (await client.say(f"MAIL FROM:<a@b.test> SIZE={SIZE + 1}"))[0].startswith("552 5.3.4 ")
        assert (await client.deliver(b"x" * 70 + b"\r\n" * SIZE, "you@demo.test")).startswith("552 5.3.4 ")
        assert (await client.deliver(MESSAGE, "you@demo.test")).startswith("250 ")
    assert len(await house.mail(house.you)) == 1


async def test_too_big_in_chunks(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<you@demo.test>")
        half = (b"x" * 98 + b"\r\n") * (SIZE // 180)
        client.send(b"BDAT %d\r\n" % len(half) + half)
        assert (await client.reply()).startswith("250 ")
        client.send(b"BDAT %d\r\n" % len(half) + half)
        assert (await client.reply()).startswith("552 5.3.4 ")
        client.send(b"BDAT %d LAST\r\n" % len(half) + half)
        assert (await client.reply()).startswith("503 ")
    assert await house.mail(house.you) == []


async def test_an_endless_message_ends_the_connection(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<you@demo.test>", "DATA")
        client.send((b"x" * 98 + b"\r\n") * (SIZE * 4 // 100 + 10))
        assert (await client.reply()).startswith("552 5.3.4 ")
        assert await client.reply() == ""
    async with Client(house.port("mx")) as client:
        assert (await client.say(f"BDAT {SIZE * 5}"))[0].startswith("552 5.3.4 ")
        assert await client.reply() == ""


async def test_sub_address_alias_and_catch_all(house: House) -> None:
    directory = house.store.directory
    await directory.add_alias("both@demo.test", ["you@demo.test", "friend@demo.test", "list@elsewhere.test"])
    await directory.add_alias("@demo.test", ["friend@demo.test"])
    you = house.you.account_id
    await house.store.write([you], lambda tx: tx.create_mailbox(you, "Lists"))
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test")
        for recipients in (["you+lists@demo.test"], ["you+none@demo.test"], ["any@demo.test"]):
            assert (await client.deliver(MESSAGE, *recipients)).startswith("250 ")
        several = ("both@demo.test", "you@demo.test", "you+Lists@demo.test")
        assert (await client.deliver(MESSAGE, *several)).startswith("250 ")
    assert len(await house.mail(house.you, "Lists")) == 1
    assert len(await house.mail(house.you)) == 2
    assert len(await house.mail(house.friend)) == 2
    (row,) = await house.store.queued(None)
    assert (row.sender, row.recipient) == ("friend@elsewhere.test", "list@elsewhere.test")
    account = row.account_id
    queued = b"".join([chunk async for chunk in house.store.chunks(account, row.blob)])
    assert queued.startswith(b"Received: from client.test")
    assert queued.endswith(MESSAGE)


async def test_a_full_mailbox(house: House) -> None:
    await house.store.directory.set_quota(house.you.account_id, 1900)
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<a@b.test> SIZE=3000")
        assert (await client.say("RCPT TO:<you@demo.test>"))[0].startswith("552 5.2.2 ")
        assert (await client.say("RCPT TO:<friend@demo.test>"))[0].startswith("250 ")
        await client.say("RSET")
        reply = await client.deliver(b"x" * 900 + b"\r\n" + b"x" * 900 + b"\r\n", "you@demo.test", "friend@demo.test")
        assert reply.startswith("452 4.2.2 ")
    assert await house.mail(house.friend) == []


async def test_loops_are_cut(house: House) -> None:
    hop = b"Received: from a by b; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test")
        assert (await client.deliver(hop * SMTP_HOPS + MESSAGE, "you@demo.test")).startswith("554 5.4.6 ")
        assert (await client.deliver(hop * (SMTP_HOPS - 1) + MESSAGE, "you@demo.test")).startswith("250 ")
    assert len(await house.mail(house.you)) == 1


async def test_recipients_are_limited(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<a@b.test>")
        replies = await client.say(*["RCPT TO:<you@demo.test>"] * (SMTP_RECIPIENTS + 2))
        assert {reply[:9] for reply in replies[:SMTP_RECIPIENTS]} == {"250 2.1.5"}
        assert {reply[:9] for reply in replies[SMTP_RECIPIENTS:]} == {"452 4.5.3"}
        await client.say("DATA")
        client.send(MESSAGE.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        assert (await client.reply()).startswith("250 ")
    assert len(await house.mail(house.you)) == 1


async def test_guessing_recipients_ends_the_connection(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<a@b.test>")
        client.send(b"".join(b"RCPT TO:<guess%d@demo.test>\r\n" % number for number in range(100)))
        replies = []
        while reply := await client.reply():
            replies.append(reply)
    assert len(replies) == 22
    assert replies[-1].startswith("421 4.7.0 ")


async def test_postmaster(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<>")
        assert (await client.say("RCPT TO:<Postmaster>"))[0].startswith("550 5.1.1 ")
        await house.store.directory.add_alias("postmaster@demo.test", ["you@demo.test"])
        assert (await client.say("RCPT TO:<Postmaster>"))[0].startswith("250 ")


async def test_replies_of_a_batch_come_in_one_segment(house: House) -> None:
    async with Client(house.port("mx")) as client:
        client.send(
            b"EHLO c.test\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<you@demo.test>\r\nRCPT TO:<nobody@demo.test>\r\nDATA\r\n"
        )
        burst = await client.burst()
    assert burst.startswith(b"250-" + HOST.encode())
    assert burst.endswith(b"354 End the message with <CRLF>.<CRLF>\r\n")


_ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n\n.\r\n", b"\r\n\x00.\r\n"]


@pytest.mark.parametrize("end", _ENDS)
async def test_smuggling(house: House, end: bytes) -> None:
    inner = b"MAIL FROM:<boss@demo.test>\r\nRCPT TO:<you@demo.test>\r\nDATA\r\nSubject: evil\r\n\r\nevil\r\n.\r\n"
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<you@demo.test>", "DATA")
        client.send(b"Subject: good\r\n\r\ngood" + end + inner)
        assert (await client.reply())[:4] in ("550 ", "554 ")
        assert (await client.say("NOOP"))[0].startswith("250 ")
    assert await house.mail(house.you) == []


async def test_talking_on_behind_data(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<you@demo.test>")
        client.send(b"DATA\r\nSubject: not waited\r\n\r\n.\r\n")
        assert (await client.reply()).startswith("554 5.5.0 ")
        assert await client.reply() == ""
    assert await house.mail(house.you) == []


async def test_injection_before_tls(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test")
        client.send(b"STARTTLS\r\nMAIL FROM:<evil@demo.test>\r\nRCPT TO:<you@demo.test>\r\n")
        assert (await client.reply()).startswith("220 ")
        client.send(b"NOOP\r\n")  # no TLS at all: the connection ends without a reply in clear
        assert not re.search(rb"^[2-5]\d\d ", await client.burst(), re.M)


async def test_lines_too_long(house: House) -> None:
    async with Client(house.port("mx")) as client:
        for size in (2048, 100_000, 3_000_000):
            client.send(b"NOOP " + b"x" * size + b"\r\n")
            assert (await client.reply()).startswith("500 5.5.2 ")
        assert (await client.say("NOOP " + "x" * 2041))[0].startswith("250 ")


async def test_connection_lost_in_a_message(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test", "MAIL FROM:<a@b.test>", "RCPT TO:<you@demo.test>", "DATA")
        client.send(b"x" * 100 + b"\r\n" + (b"y" * 98 + b"\r\n") * 20_000)
        await asyncio.sleep(0.05)
    for _ in range(100):
        if not house.listeners["mx"].connections:
            break
        await asyncio.sleep(0.02)
    assert house.listeners["mx"].connections == 0
    assert await house.mail(house.you) == []


async def test_goodbye_at_shutdown(house: House) -> None:
    async with Client(house.port("mx")) as client:
        await client.say("EHLO client.test")
        await house.listeners["mx"].drain(1)
        assert (await client.reply()).startswith("421 4.3.2 ")
        assert await client.reply() == ""
