"""Python's poplib: every command of a session, in clear, after STLS and under TLS."""

import poplib
import ssl

import pytest

from tests.clients.letters import dotted, letter
from tests.clients.people import Person
from tests.clients.programs import HOST, SQLITE, Home
from tests.server import PASSWORD


def entered(home: Home, person: Person, how: str) -> poplib.POP3:
    """A session after the login."""
    context = ssl.create_default_context(cafile=str(home.certificate))
    if how == "tls":
        session: poplib.POP3 = poplib.POP3_SSL(HOST, home.port("pop3s"), context=context, timeout=30)
    else:
        session = poplib.POP3(HOST, home.port("pop3"), timeout=30)
    if how == "stls":
        session.stls(context)
    session.user(person.address)
    session.pass_(PASSWORD)
    return session


def whole(answer: tuple[bytes, list[bytes], int]) -> bytes:
    """The message of a RETR."""
    return b"\r\n".join(answer[1]) + b"\r\n"


@pytest.mark.parametrize("how", ["clear", "stls", "tls"])
def test_session(home: Home, you: Person, how: str) -> None:
    mail = [letter(1), dotted(), letter(3), letter(4)]
    you.put(*mail)
    session = entered(home, you, how)
    assert session.stat() == (4, sum(map(len, mail)))
    assert session.list()[1] == [b"%d %d" % (number, len(octets)) for number, octets in enumerate(mail, 1)]
    ids = [line.split()[1] for line in session.uidl()[1]]
    assert len(set(ids)) == 4
    assert session.uidl(2).split()[2] == ids[1]
    assert [whole(session.retr(number)) for number in range(1, 5)] == mail
    header, _, body = mail[0].partition(b"\r\n\r\n")
    assert whole(session.top(1, 0)) == header + b"\r\n\r\n"
    assert whole(session.top(1, 9)) == header + b"\r\n\r\n" + body
    assert b"UTF8" not in session.noop()
    session.dele(1)
    session.dele(3)
    assert session.stat()[0] == 2
    session.rset()
    assert session.stat()[0] == 4
    session.dele(2)
    assert you.octets() == mail
    session.quit()
    assert you.octets() == [mail[0], mail[2], mail[3]]
    again = entered(home, you, how)
    assert [line.split()[1] for line in again.uidl()[1]] == [ids[0], ids[2], ids[3]]
    again.quit()


@SQLITE
def test_a_lost_connection_deletes_nothing_and_frees_the_lock(home: Home, you: Person) -> None:
    you.put(letter(1))
    session = entered(home, you, "tls")
    session.dele(1)
    with pytest.raises(poplib.error_proto, match="IN-USE"):
        entered(home, you, "tls")
    session.close()
    for _ in range(100):
        try:
            again = entered(home, you, "tls")
        except poplib.error_proto:
            continue
        break
    assert again.stat()[0] == 1
    again.quit()


@SQLITE
def test_wrong_password_and_capabilities(home: Home, you: Person) -> None:
    session = poplib.POP3(HOST, home.port("pop3"), timeout=30)
    found = session.capa()
    assert {"TOP", "UIDL", "STLS", "PIPELINING", "RESP-CODES", "USER", "SASL"} <= set(found)
    session.user(you.address)
    with pytest.raises(poplib.error_proto, match="AUTH"):
        session.pass_("wrong")
    session.stls(ssl.create_default_context(cafile=str(home.certificate)))
    session.user(you.address)
    session.pass_(PASSWORD)
    assert "STLS" not in session.capa()
    session.quit()
