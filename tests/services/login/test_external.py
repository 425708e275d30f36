"""Certificates instead of passwords, over real sockets: IMAP, POP3 and submission alike (RFC 4422 appendix A)."""

import datetime
import http.client
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.server import PillarboxServer
from tests.services.login.test_sockets import FORMS, Line, Step

YOU, FRIEND = "you@talk.test", "friend@talk.test"


def saying(authzid: str) -> Step:
    """The client's message."""
    return lambda _: authzid.encode()


EMPTY = saying("")


class Authority:
    """Whose certificates are trusted, and one of a stranger."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ours, self._other = trustme.CA(), trustme.CA()
        self.file = folder / "clients.pem"
        self._ours.cert_pem.write_to_path(self.file)

    def certificate(self, *addresses: str, stranger: bool = False) -> Path:
        """Key and certificate for these addresses."""
        issued = (self._other if stranger else self._ours).issue_cert(*addresses)
        path = self._folder / f"{'-'.join(addresses)}{stranger}.pem"
        issued.private_key_and_cert_chain_pem.write_to_path(path)
        return path

    def revoke(self, path: Path) -> None:
        """Append a revocation list that names the certificate in `path`."""
        serial = x509.load_pem_x509_certificate(path.read_bytes()).serial_number
        now = datetime.datetime.now(datetime.UTC)
        issuer = x509.load_pem_x509_certificate(self._ours.cert_pem.bytes())
        key = serialization.load_pem_private_key(self._ours.private_key_pem.bytes(), None)
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
        listed = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(issuer.subject)
            .last_update(now - datetime.timedelta(hours=1))
            .next_update(now + datetime.timedelta(days=1))
            .add_revoked_certificate(entry)
            .sign(key, hashes.SHA256())  # type: ignore[arg-type]
        )
        with self.file.open("ab") as file:
            file.write(listed.public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[PillarboxServer]:
    extra = f'[tls]\nclient_ca = "{authority.file}"\n'
    running = PillarboxServer(tmp_path_factory.mktemp("external"), extra=extra)
    for address in (YOU, FRIEND):
        running.add_account(address)
    yield running
    assert running.stop() == 0
    assert "Traceback" not in running.log.read_text("utf-8", "replace")


@pytest.mark.parametrize("protocol", FORMS)
def test_a_certificate_opens_its_account(server: PillarboxServer, authority: Authority, protocol: str) -> None:
    certificate = authority.certificate(YOU)
    for authzid, expected in (("", "success"), (YOU, "success"), (FRIEND, "refusal")):
        line = Line(server, protocol, tls=True, certificate=certificate)
        said = line.log_in("EXTERNAL", [saying(authzid)])
        if protocol == "imap" and expected == "refusal":
            assert said.startswith("a1 NO [AUTHORIZATIONFAILED]")
        else:
            assert said.startswith(getattr(line, expected)), said
        line.close()


@pytest.mark.parametrize("protocol", FORMS)
def test_without_one_nothing_is_offered_and_passwords_work(server: PillarboxServer, protocol: str) -> None:
    line = Line(server, protocol, tls=True)
    said = line.log_in("EXTERNAL", [EMPTY])
    assert not said.startswith(line.success), said
    line.close()
    line = Line(server, protocol, tls=True)
    assert line.log_in("PLAIN", [lambda _: f"\0{YOU}\0secret".encode()]).startswith(line.success)
    line.close()


def test_whose_it_is_must_be_clear(server: PillarboxServer, authority: Authority) -> None:
    both = authority.certificate(YOU, FRIEND, "nobody@talk.test")
    cases = {"": "a1 NO [AUTHENTICATIONFAILED]", FRIEND: "a1 OK", "nobody@talk.test": "a1 NO [AUTHORIZATIONFAILED]"}
    for authzid, begins in cases.items():
        line = Line(server, "imap", tls=True, certificate=both)
        said = line.log_in("EXTERNAL", [saying(authzid)])
        assert said.startswith(begins), said
        line.close()
    line = Line(server, "imap", tls=True, certificate=authority.certificate("nobody@talk.test"))
    assert line.log_in("EXTERNAL", [EMPTY]).startswith("a1 NO [AUTHENTICATIONFAILED]")
    line.close()


def test_one_for_a_host_offers_nothing(server: PillarboxServer, authority: Authority) -> None:
    line = Line(server, "imap", tls=True, certificate=authority.certificate("talk.test"))
    assert "AUTH=EXTERNAL" not in line.capabilities()
    line.close()
    line = Line(server, "imap", tls=True, certificate=authority.certificate(YOU))
    assert "AUTH=EXTERNAL" in line.capabilities()
    line.close()


def test_a_stranger_s_certificate_ends_the_handshake(server: PillarboxServer, authority: Authority) -> None:
    with pytest.raises((ssl.SSLError, OSError)):
        line = Line(server, "imap", tls=True, certificate=authority.certificate(YOU, stranger=True))
        assert line.capabilities()  # TLS 1.3 tells the client after its part of the handshake
        raise OSError("nothing was said")


def test_other_servers_and_browsers_are_not_asked(server: PillarboxServer, authority: Authority) -> None:
    """They may have certificates by whomever."""
    context = ssl.create_default_context(cafile=str(server.settings.certificate))
    context.load_cert_chain(authority.certificate(YOU, stranger=True))
    with smtplib.SMTP("localhost", server.port["smtp"], timeout=60) as client:
        client.starttls(context=context)
        assert client.ehlo()[0] == 250
    web = http.client.HTTPSConnection("localhost", server.port["https"], timeout=60, context=context)
    web.request("GET", "/.well-known/jmap")
    assert web.getresponse().status == 401
    web.close()


def test_the_account_must_be_active(server: PillarboxServer, authority: Authority) -> None:
    gone = server.add_account("gone@talk.test")
    server.store(lambda store: store.directory.set_active(gone, False))
    line = Line(server, "imap", tls=True, certificate=authority.certificate("gone@talk.test"))
    assert line.log_in("EXTERNAL", [EMPTY]).startswith("a1 NO [AUTHENTICATIONFAILED]")
    line.close()


def test_what_was_revoked_ends_the_handshake(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    good, bad = authority.certificate(YOU), authority.certificate(FRIEND)
    authority.revoke(bad)
    running = PillarboxServer(tmp_path, extra=f'[tls]\nclient_ca = "{authority.file}"\n')
    for address in (YOU, FRIEND):
        running.add_account(address)
    line = Line(running, "imap", tls=True, certificate=good)
    assert line.log_in("EXTERNAL", [EMPTY]).startswith("a1 OK")
    line.close()
    with pytest.raises((ssl.SSLError, OSError)):
        line = Line(running, "imap", tls=True, certificate=bad)
        assert line.capabilities()
        raise OSError("nothing was said")
    assert running.stop() == 0


def test_a_file_that_holds_no_authority_is_no_start(tmp_path: Path) -> None:
    (tmp_path / "clients.pem").write_text("nothing\n")
    with pytest.raises(RuntimeError, match="client_ca"):
        PillarboxServer(tmp_path, extra=f'[tls]\nclient_ca = "{tmp_path}/clients.pem"\n')
