"""SCRAM: the examples of the RFCs, another implementation as the client, and what is refused."""

import base64

import pytest
from scramp import ScramClient

from pillarbox.core.errors import Denied, Invalid
from pillarbox.wire.sasl.keys import HASHES, Keys, derive, read_keys, spell_keys
from pillarbox.wire.sasl.mechanism import Challenge, KeysWanted, Outcome, Proven
from pillarbox.wire.sasl.scram import ScramServer

NONCE = "fyko+d2lbbFgONRv9qkxdawL"
KEYS = derive("pencil", "sha256", b"sixteen of salt.", 4096)


def asked(outcome: Outcome) -> KeysWanted:
    assert isinstance(outcome, KeysWanted)
    return outcome


def said(outcome: Outcome) -> bytes:
    assert isinstance(outcome, Challenge)
    return outcome.octets


@pytest.mark.parametrize(
    ("name", "nonces", "salt", "proof", "verifier"),
    [
        (  # RFC 5802 §5
            "sha1",
            (NONCE, "3rfcNHYJY1ZVvWVs7j"),
            "QSXCR+Q6sek8bf92",
            "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ),
        (  # RFC 7677 §3
            "sha256",
            ("rOprNGfwEbeRWgbNEkqO", "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"),
            "W22ZaJ0SNY7soEsUEjb6gQ==",
            "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ),
    ],
)
def test_examples_of_the_rfcs(name: str, nonces: tuple[str, str], salt: str, proof: str, verifier: str) -> None:
    server = ScramServer(name, {}, plus=False, nonce=nonces[1])
    assert server.start(None) == Challenge(b"")
    wanted = asked(server.step(f"n,,n=user,r={nonces[0]}".encode()))
    assert (wanted.login, wanted.hash_name) == ("user", name)
    first = wanted.answer(derive("pencil", name, base64.b64decode(salt), 4096))
    assert first == Challenge(f"r={nonces[0]}{nonces[1]},s={salt},i=4096".encode())
    final = server.step(f"c=biws,r={nonces[0]}{nonces[1]},p={proof}".encode())
    assert final == Challenge(f"v={verifier}".encode())
    assert server.step(b"") == Proven("user")


@pytest.mark.parametrize("family", HASHES)
@pytest.mark.parametrize("password", ["pencil", "пароль", "a,b=c", "I\u00adX", "\u2168"])
@pytest.mark.parametrize("plus", [False, True])
def test_with_another_client(family: str, password: str, plus: bool) -> None:
    mechanism = family + "-PLUS" * plus
    binding = ("tls-server-end-point", b"point") if plus else None
    client = ScramClient([mechanism], "you,=@demo.test", password, channel_binding=binding)
    server = ScramServer(HASHES[family], {"tls-server-end-point": b"point"} if plus else {}, plus)
    wanted = asked(server.start(client.get_client_first().encode()))
    assert wanted.login == "you,=@demo.test"
    client.set_server_first(
        wanted.answer(derive(password, wanted.hash_name, b"sixteen of salt.", 4096)).octets.decode()
    )
    client.set_server_final(said(server.step(client.get_client_final().encode())).decode())
    assert server.step(b"") == Proven("you,=@demo.test")


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (b"", Invalid),
        (b"n,,n=user", Invalid),
        (b"n,,r=abc,n=user", Invalid),
        (b"n,,n=,r=abc", Invalid),
        (b"n,,n=user,r=", Invalid),
        (b"n,,m=x,n=user,r=abc", Invalid),  # RFC 5802 §5.1: an extension that must be understood
        (b"n,,n=us=er,r=abc", Invalid),
        (b"n,,n=us=2cer,r=abc", Invalid),
        (b"n,,n=\xff,r=abc", Invalid),
        (b"n,,n=a\x07b,r=abc", Invalid),  # SASLprep
        (b"n,,n=" + b"a" * 257 + b",r=abc", Invalid),
        (b"n,,n=user,r=" + b"a" * 513, Invalid),
        (b"x,,n=user,r=abc", Invalid),
        (b"p=tls-server-end-point,,n=user,r=abc", Invalid),
    ],
)
def test_first_refused(message: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        ScramServer("sha256", {}, plus=False).start(message)


@pytest.mark.parametrize("flag", [b"n", b"y", b"p=tls-unique", b"p=tls-exporter"])
def test_plus_wants_the_channel_bound(flag: bytes) -> None:
    with pytest.raises(Denied):
        ScramServer("sha256", {"tls-server-end-point": b"point"}, plus=True).start(flag + b",,n=user,r=abc")


def test_a_client_that_could_bind_and_was_not_shown_how() -> None:
    """It is right where binding is not listed; where it is, the list was changed on its way (RFC 5802 §6)."""
    asked(ScramServer("sha256", {}, plus=False).start(b"y,,n=user,r=abc"))
    asked(ScramServer("sha256", {"tls-unique": b"x"}, plus=False).start(b"n,,n=user,r=abc"))
    with pytest.raises(Denied):
        ScramServer("sha256", {"tls-unique": b"x"}, plus=False).start(b"y,,n=user,r=abc")


def test_the_client_chooses_among_the_bindings() -> None:
    bindings = {"tls-server-end-point": b"point", "tls-unique": b"only"}
    for kind, octets in bindings.items():
        client = ScramClient(["SCRAM-SHA-256-PLUS"], "user", "pencil", channel_binding=(kind, octets))
        server = ScramServer("sha256", bindings, plus=True)
        client.set_server_first(asked(server.start(client.get_client_first().encode())).answer(KEYS).octets.decode())
        client.set_server_final(said(server.step(client.get_client_final().encode())).decode())
    mixed = ScramClient(["SCRAM-SHA-256-PLUS"], "user", "pencil", channel_binding=("tls-unique", b"point"))
    server = ScramServer("sha256", bindings, plus=True)
    mixed.set_server_first(asked(server.start(mixed.get_client_first().encode())).answer(KEYS).octets.decode())
    with pytest.raises(Denied):
        server.step(mixed.get_client_final().encode())


def test_acting_for_another_and_extensions() -> None:
    server = ScramServer("sha256", {}, plus=False)
    assert asked(server.start(b"n,a=bo=2Css,n=user,r=abc,x=more")).login == "user"


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (b"", Invalid),
        (b"c=biws,r=abcdef", Invalid),
        (b"c=biws,r=abcdef,p=", Invalid),
        (b"c=biws,r=abcdef,p=!", Invalid),
        (b"c=bi,r=abcdef,p=AAAA", Invalid),
        (b"c=biws,r=abcdef,p=AAAA", Invalid),
        (b"c=biws,r=abcdef,p=" + base64.b64encode(bytes(32)), Denied),
        (b"c=biws,r=abc,p=" + base64.b64encode(bytes(32)), Denied),
    ],
)
def test_final_refused(message: bytes, error: type[Exception]) -> None:
    server = ScramServer("sha256", {}, plus=False, nonce="def")
    asked(server.start(b"n,,n=user,r=abc")).answer(KEYS)
    with pytest.raises(error):
        server.step(message)


@pytest.mark.parametrize("ours", [b"another", b"points", b"poin"])
def test_another_channel_is_refused(ours: bytes) -> None:
    client = ScramClient(["SCRAM-SHA-256-PLUS"], "user", "pencil", channel_binding=("tls-server-end-point", b"point"))
    server = ScramServer("sha256", {"tls-server-end-point": ours}, plus=True)
    wanted = asked(server.start(client.get_client_first().encode()))
    client.set_server_first(wanted.answer(KEYS).octets.decode())
    with pytest.raises(Denied):
        server.step(client.get_client_final().encode())


def test_nothing_follows_the_end() -> None:
    client = ScramClient(["SCRAM-SHA-256"], "user", "pencil")
    server = ScramServer("sha256", {}, plus=False)
    client.set_server_first(asked(server.start(client.get_client_first().encode())).answer(KEYS).octets.decode())
    server.step(client.get_client_final().encode())
    with pytest.raises(Invalid):
        server.step(b"more")


def test_keys_as_text() -> None:
    keys = {"SCRAM-SHA-256": KEYS, "SCRAM-SHA-1": derive("pencil", "sha1", b"sixteen of salt.", 4096)}
    text = spell_keys(keys)
    assert [read_keys(text, HASHES[family]) for family in keys] == list(keys.values())
    assert "pencil" not in text


@pytest.mark.parametrize(
    "text", ["", "SCRAM-SHA-256", "SCRAM-SHA-256$x:AA==$AA==:AA==", "SCRAM-SHA-1$1:AA==$AA==:AA=="]
)
def test_no_keys(text: str) -> None:
    found: Keys | None = read_keys(text, "sha256")
    assert found is None
