"""SCRAM by another implementation's client, and tokens, over real sockets: IMAP, POP3 and submission alike."""

import base64
import json
import socket
import ssl
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from scramp import ScramClient

from tests.server import PASSWORD, PillarboxServer

YOU = "you@talk.test"
FORMS = {
    "imap": ("a1 AUTHENTICATE {}", "+ ", "a1 OK", "a1 NO [AUTHENTICATIONFAILED]", "a0 STARTTLS"),
    "pop3": ("AUTH {}", "+ ", "+OK", "-ERR [AUTH]", "STLS"),
    "submission": ("AUTH {}", "334 ", "235 ", "535 ", "STARTTLS"),
}
"""Of each protocol: the command, how a challenge, success and a refusal begin, and what begins TLS."""

Step = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PillarboxServer]:
    running = PillarboxServer(tmp_path_factory.mktemp("sasl"))
    running.add_account(YOU)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text("utf-8", "replace")


class Line:
    """A connection where the client may log in."""

    def __init__(
        self, server: PillarboxServer, protocol: str, tls: bool, certificate: Path | None = None, version: str = ""
    ) -> None:
        self.command, self.challenge, self.success, self.refusal, starttls = FORMS[protocol]
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", server.port[protocol]), timeout=60)
        self.file = self.socket.makefile("rb")
        self.read()
        if protocol == "submission":
            self._hello()
        if tls:
            self.send(starttls)
            self.read()
            context = ssl.create_default_context(cafile=str(server.settings.certificate))
            if certificate is not None:
                context.load_cert_chain(certificate)
            if version:
                context.maximum_version = ssl.TLSVersion[version]
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
            self.file = self.socket.makefile("rb")
            if protocol == "submission":
                self._hello()

    def _hello(self) -> None:
        self.send("EHLO client.test")
        while self.read()[3] == "-":
            pass

    def send(self, line: str) -> None:
        self.socket.sendall(line.encode() + b"\r\n")

    def read(self) -> str:
        return self.file.readline().decode()

    def capabilities(self) -> str:
        """What IMAP offers."""
        self.send("a0 CAPABILITY")
        offered = self.read()
        self.read()
        return offered

    def log_in(self, mechanism: str, steps: list[Step]) -> str:
        """Answer each challenge by the next step; the last line of the server. Each protocol sends the first message as
        the answer to an empty challenge."""
        self.send(self.command.format(mechanism))
        for step in steps:
            line = self.read()
            if not line.startswith(self.challenge):
                return line
            answer = step(base64.b64decode(line[len(self.challenge) :].strip()))
            self.send(base64.b64encode(answer).decode())
        return self.read()

    def close(self) -> None:
        self.file.close()
        self.socket.close()


def scram(line: Line, mechanism: str, password: str) -> str:
    binding = ("tls-server-end-point", line.socket) if mechanism.endswith("-PLUS") else None
    return converse(line, mechanism, ScramClient([mechanism], YOU, password, channel_binding=binding))


def converse(line: Line, mechanism: str, client: ScramClient) -> str:
    """The whole exchange."""

    def final(challenge: bytes) -> bytes:
        client.set_server_first(challenge.decode())
        answer: str = client.get_client_final()
        return answer.encode()

    def check(challenge: bytes) -> bytes:
        client.set_server_final(challenge.decode())  # raises when the server has not proved itself
        return b""

    return line.log_in(mechanism, [lambda _: client.get_client_first().encode(), final, check])


@pytest.mark.parametrize("protocol", FORMS)
@pytest.mark.parametrize("family", ["SCRAM-SHA-256", "SCRAM-SHA-1"])
@pytest.mark.parametrize("plus", [True, False])
def test_scram(server: PillarboxServer, protocol: str, family: str, plus: bool) -> None:
    for password in ("wrong", PASSWORD):
        line = Line(server, protocol, tls=plus)
        said = scram(line, family + "-PLUS" * plus, password)
        assert said.startswith(line.success if password == PASSWORD else line.refusal), said
        line.close()


@pytest.mark.parametrize("protocol", FORMS)
@pytest.mark.parametrize(
    ("mechanism", "form"),
    [("OAUTHBEARER", f"n,a={YOU},\1auth=Bearer %s\1\1"), ("XOAUTH2", f"user={YOU}\1auth=Bearer %s\1\1")],
)
def test_tokens(server: PillarboxServer, protocol: str, mechanism: str, form: str) -> None:
    """A token given out over HTTP opens every other door; another does not."""
    body = json.dumps({"username": YOU, "password": PASSWORD}).encode()
    url = f"http://127.0.0.1:{server.port['http']}/auth/token"
    asking = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asking, timeout=60) as answer:
        token = json.load(answer)["token"]
    line = Line(server, protocol, tls=True)
    assert line.log_in(mechanism, [lambda _: (form % token).encode()]).startswith(line.success)
    line.close()
    line = Line(server, protocol, tls=True)
    refusals: list[bytes] = []

    def agree(challenge: bytes) -> bytes:
        refusals.append(challenge)
        return b"\1"

    said = line.log_in(mechanism, [lambda _: (form % (token[:-4] + "AAAA")).encode(), agree])
    assert said.startswith(line.refusal), said
    assert json.loads(refusals[0])["status"] in ("invalid_token", "401")
    line.close()


def test_plus_is_listed_in_imap_alone(server: PillarboxServer) -> None:
    line = Line(server, "imap", tls=False)
    assert "-PLUS" not in line.capabilities()
    line.close()
    line = Line(server, "imap", tls=True)
    assert "AUTH=SCRAM-SHA-256-PLUS AUTH=SCRAM-SHA-1-PLUS AUTH=SCRAM-SHA-256 " in line.capabilities()
    line.close()
    for protocol, ask in (("pop3", "CAPA"), ("submission", "EHLO client.test")):
        line = Line(server, protocol, tls=True)
        line.send(ask)
        said = ""
        while "SCRAM-SHA-256 " not in said:
            said = line.read()
        assert "-PLUS" not in said
        line.close()


@pytest.mark.parametrize("protocol", FORMS)
@pytest.mark.parametrize("tls", [True, False])
def test_who_saw_no_plus_where_it_is_listed(server: PillarboxServer, protocol: str, tls: bool) -> None:
    """RFC 5802 §6: flag `y` is a lie of somebody between, or the truth."""
    line = Line(server, protocol, tls)
    said = line.log_in("SCRAM-SHA-256", [lambda _: f"y,,n={YOU},r=abc".encode()])
    listed = protocol == "imap" and tls
    assert said.startswith(line.refusal if listed else line.challenge), said
    line.close()


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_tls_unique_is_a_binding_of_tls_1_2(server: PillarboxServer, version: str) -> None:
    line = Line(server, "imap", tls=True, version=version)
    assert isinstance(line.socket, ssl.SSLSocket)
    unique = line.socket.get_channel_binding("tls-unique")
    client = ScramClient(["SCRAM-SHA-256-PLUS"], YOU, PASSWORD, channel_binding=("tls-unique", unique))
    if version == "TLSv1_3":
        said = line.log_in("SCRAM-SHA-256-PLUS", [lambda _: client.get_client_first().encode()])
        assert said.startswith(line.refusal)
    else:
        said = converse(line, "SCRAM-SHA-256-PLUS", client)
        assert said.startswith(line.success)
    line.close()
