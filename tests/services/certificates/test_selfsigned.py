"""The certificate of the first start."""

import datetime
import ssl
import stat
from pathlib import Path

from pillarbox.net.tls import server_context
from pillarbox.services.certificates.selfsigned import ensure_certificate, names, not_after


def test_made_once_and_usable(tmp_path: Path) -> None:
    certificate, key = tmp_path / "tls" / "certificate.pem", tmp_path / "tls" / "key.pem"
    assert ensure_certificate(certificate, key, "mail.example.org")
    octets = certificate.read_bytes()
    assert not ensure_certificate(certificate, key, "mail.example.org")
    assert certificate.read_bytes() == octets
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert names(certificate) == ["mail.example.org", "localhost"]
    assert not_after(certificate) > datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=300)
    server = server_context(certificate, key)
    client = ssl.create_default_context(cafile=certificate)
    handshake(client, server, "localhost")
    handshake(client, server, "127.0.0.1")


def handshake(client: ssl.SSLContext, server: ssl.SSLContext, name: str) -> None:
    """Both sides in memory; raises when the client does not trust the name."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [client.wrap_bio(back, there, server_hostname=name), server.wrap_bio(there, back, server_side=True)]
    for end in ends * 2:
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    ends[1].write(b"word")
    assert ends[0].read(10) == b"word"
