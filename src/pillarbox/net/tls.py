"""TLS between the octets of the wire and those of a session, without touching the socket."""

import contextlib
import ssl
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes

from pillarbox.core.limits import TLS_RECORD
from pillarbox.net.session import TlsFacts

_WEAK = ("md5", "sha1")
_REVOCATIONS = b"-----BEGIN X509 CRL-----"


class Context(ssl.SSLContext):
    """A context that knows the channel bindings of the certificate it shows to new connections, by type."""

    bindings: Mapping[str, bytes] = {}

    def load_cert_chain(
        self,
        certfile: str | bytes | PathLike[str] | PathLike[bytes],
        keyfile: str | bytes | PathLike[str] | PathLike[bytes] | None = None,
        password: Callable[[], str | bytes | bytearray] | str | bytes | bytearray | None = None,
    ) -> None:
        """As its base does."""
        super().load_cert_chain(certfile, keyfile, password)
        with open(certfile, "rb") as file:  # noqa: PTH123 - the path may be octets
            found = end_point(file.read())
        self.bindings = {"tls-server-end-point": found} if found else {}


def end_point(pem: bytes) -> bytes:
    """The tls-server-end-point channel binding of the first certificate in a PEM file: its hash by the hash function of
    its signature, SHA-256 in place of MD5 and SHA-1 (RFC 5929 §4.1); empty where it is undefined (Ed25519)."""
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        algorithm = certificate.signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return b""
    if algorithm is None:
        return b""
    return certificate.fingerprint(hashes.SHA256() if algorithm.name in _WEAK else algorithm)


class _NamedObject(ssl.SSLObject):
    """An SSLObject that remembers the name its client asked for."""

    asked_name: str | None = None


def _remember_name(tls_object: ssl.SSLObject | ssl.SSLSocket, name: str | None, _context: ssl.SSLContext) -> None:
    if isinstance(tls_object, _NamedObject):
        tls_object.asked_name = name


_on_name: Callable[..., None] = _remember_name


def server_context(certificate: Path, key: Path) -> Context:
    """A context for accepting connections: TLS 1.2 and later (RFC 8996, RFC 8997), no renegotiation, no compression.

    `load_cert_chain` on the living context changes the certificate for later connections. Raises OSError or
    ssl.SSLError when the files cannot be read or do not belong together.
    """
    context = Context(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # No tickets (RFC 8446 §4.6.1): each process has keys of its own, so that few could be used, and a client that reads
    # in one thread and writes in another (imaplib2) may never send its first command when they come at that moment.
    context.num_tickets = 0
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL")
    context.sslobject_class = _NamedObject
    context.sni_callback = _on_name
    context.load_cert_chain(certificate, key)
    return context


def trust(context: Context, client_ca: Path) -> None:
    """Ask clients for a certificate by the authorities in a PEM file; revocation lists in it are heeded. May be done
    again when the file has grown. Raises OSError or ssl.SSLError."""
    context.load_verify_locations(client_ca)
    context.verify_mode = ssl.CERT_OPTIONAL
    if _REVOCATIONS in client_ca.read_bytes():
        context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF


class Engine:
    """One server side of TLS over two memory buffers. Every method may raise ssl.SSLError: the connection is over."""

    __slots__ = ("_bindings", "_incoming", "_object", "_outgoing", "ended", "ready")

    def __init__(self, context: Context) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._bindings = context.bindings  # of the certificate this connection is shown, whatever comes later
        self.ready = False
        self.ended = False

    def receive(self, data: bytes, into: bytearray) -> None:
        """Take octets of the wire and append to `into` what they say. `outgoing` may hold an answer afterwards."""
        if len(data) <= TLS_RECORD:
            self._receive_piece(data, into)
            return
        for start in range(0, len(data), TLS_RECORD):  # a memory buffer keeps its largest size for ever
            self._receive_piece(data[start : start + TLS_RECORD], into)

    def _receive_piece(self, data: bytes, into: bytearray) -> None:
        incoming, tls_object = self._incoming, self._object
        incoming.write(data)
        if not self.ready:
            try:
                tls_object.do_handshake()
            except ssl.SSLWantReadError:
                return
            self.ready = True
        while incoming.pending or tls_object.pending():
            try:
                chunk = tls_object.read(TLS_RECORD)
            except ssl.SSLWantReadError:
                return
            except ssl.SSLZeroReturnError:
                chunk = b""
            if not chunk:
                self.ended = True
                return
            into += chunk

    def seal(self, data: bytes) -> bytes:
        """The octets for the wire that say `data`."""
        tls_object = self._object
        if len(data) <= TLS_RECORD:
            tls_object.write(data)
            return self._outgoing.read()
        sealed = []
        view = memoryview(data)
        for start in range(0, len(data), TLS_RECORD):
            tls_object.write(view[start : start + TLS_RECORD])
            sealed.append(self._outgoing.read())
        return b"".join(sealed)

    def outgoing(self) -> bytes:
        """What the handshake (or an alert) has for the wire."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def farewell(self) -> bytes:
        """The close_notify (RFC 8446 §6.1), empty before the handshake is done."""
        if self.ready:
            with contextlib.suppress(ssl.SSLError):  # SSLWantReadError: the peer has not said its own yet
                self._object.unwrap()
        return self.outgoing()

    def facts(self) -> TlsFacts:
        """What was agreed; only when `ready`."""
        name, _, bits = self._object.cipher() or ("unknown", "", 0)
        asked = self._object.asked_name if isinstance(self._object, _NamedObject) else None
        version = self._object.version() or "TLS"
        return TlsFacts(version, name, bits, asked, self._bound(version), self._addresses())

    def _bound(self, version: str) -> Mapping[str, bytes]:
        """Its own first message is a binding of TLS 1.2 only (RFC 5929 §3, RFC 9266 §3)."""
        unique = self._object.get_channel_binding("tls-unique") if version == "TLSv1.2" else None
        return {**self._bindings, "tls-unique": unique} if unique else self._bindings

    def _addresses(self) -> tuple[str, ...]:
        names = (self._object.getpeercert() or {}).get("subjectAltName", ())
        return tuple(str(pair[1]) for pair in names if pair[0] == "email")
