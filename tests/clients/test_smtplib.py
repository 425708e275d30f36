"""Python's smtplib: STARTTLS, TLS, SMTPUTF8, and refusals as exceptions."""

import smtplib
import ssl
from email.message import EmailMessage
from email.policy import SMTPUTF8

import pytest

from tests.clients.letters import dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.server import DOMAIN, PASSWORD


def entered(home: Home, person: Person, listener: str) -> smtplib.SMTP:
    """A session after the login."""
    context = ssl.create_default_context(cafile=str(home.certificate))
    if listener == "submissions":
        session: smtplib.SMTP = smtplib.SMTP_SSL(HOST, home.port(listener), context=context, timeout=30)
    else:
        session = smtplib.SMTP(HOST, home.port(listener), timeout=30)
        session.starttls(context=context)
    session.login(person.address, PASSWORD)
    return session


@pytest.mark.parametrize("listener", ["submission", "submissions"])
def test_several_messages_in_one_session(home: Home, you: Person, friend: Person, listener: str) -> None:
    with entered(home, you, listener) as session:
        for number in range(20):
            sent = letter(number, sender=you.address)
            assert session.sendmail(you.address, [friend.address], sent, ["BODY=8BITMIME"]) == {}
        assert session.sendmail(you.address, [friend.address], dotted(you.address)) == {}
    got = friend.octets()
    assert len(got) == 21
    assert [f"letter{number}@".encode() in octets for number, octets in enumerate(got[:20])] == [True] * 20
    assert got[20].endswith(dotted().partition(b"\r\n\r\n")[2])


@SQLITE
def test_message_with_utf8_everywhere(home: Home, you: Person) -> None:
    address = f"zoë@{DOMAIN}"
    zoe = Person(home.server, home.server.add_account(address), address)
    message = EmailMessage(SMTPUTF8)
    message["From"] = f"Jörg 你 <{you.address}>"
    message["To"] = f"Zoë <{address}>"
    message["Subject"] = "Grüße, привет, 你好"
    message.set_content("Text ü\n")
    message.add_attachment(b"\0\1\2\xff" * 1000, maintype="image", subtype="png", filename="Bild ü.png")
    sent = message.as_bytes()
    assert "Subject: Grüße, привет, 你好\r\n".encode() in sent
    with entered(home, you, "submission") as session:
        assert session.sendmail(you.address, [address], sent, ["SMTPUTF8", "BODY=8BITMIME"]) == {}
    (got,) = zoe.octets()
    assert sent.replace(b"\r\n\r\n", b"\r\n", 1)[:200] in got
    assert got.endswith(sent.partition(b"\r\n\r\n")[2])


@SQLITE
def test_refusals(home: Home, you: Person, friend: Person) -> None:
    with entered(home, you, "submission") as session:
        refused = session.sendmail(you.address, [friend.address, f"nobody@{DOMAIN}"], letter(1, sender=you.address))
        assert {name: code for name, (code, _) in refused.items()} == {f"nobody@{DOMAIN}": 550}
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            session.sendmail(you.address, [f"nobody@{DOMAIN}"], letter(1, sender=you.address))
        with pytest.raises(smtplib.SMTPSenderRefused):
            session.sendmail(friend.address, [you.address], letter(1, sender=you.address))
        assert session.mail(you.address, [f"SIZE={1 << 40}"])[0] == 552
        with pytest.raises(smtplib.SMTPDataError, match="not yours"):
            session.sendmail(you.address, [friend.address], letter(1, sender=friend.address))
        session.sendmail(you.address, [friend.address], letter(2, sender=you.address))
    assert len(friend.octets()) == 2


@SQLITE
def test_wrong_password_and_again(home: Home, you: Person) -> None:
    context = ssl.create_default_context(cafile=str(home.certificate))
    with smtplib.SMTP_SSL(HOST, home.port("submissions"), context=context, timeout=30) as session:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            session.login(you.address, "wrong")
        session.login(you.address, PASSWORD)
        assert session.verify(you.address)[0] == 252


@SQLITE
def test_the_address_is_in_the_certificate_too(home: Home) -> None:
    context = ssl.create_default_context(cafile=str(home.certificate))
    with smtplib.SMTP_SSL("127.0.0.1", home.port("submissions"), context=context, timeout=30) as session:
        assert session.noop()[0] == 250
