"""A manuscript: any split of the octets gives the same message."""

from pathlib import Path

import pytest

from pillarbox.core.errors import Invalid, TooBig
from pillarbox.core.limits import SMTP_HEADER
from pillarbox.services.submission.manuscript import Manuscript
from pillarbox.store.model import StoreLimits
from pillarbox.store.spool import Spooling

DATE = b"Date: Tue, 14 Nov 2023 22:13:20 +0000\r\nMessage-ID: <1@d>\r\n"
HEADER = b"From: you@demo.test\r\nBcc: secret@demo.test\r\n" + DATE
BODY = b"\r\nBcc: not a field\r\n\r\n\x80\xff\r\n"


def manuscript(folder: Path) -> Manuscript:
    return Manuscript(Spooling(StoreLimits(4 << 20, str(folder))), "demo.test", 1_700_000_000)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 64, 1000])
async def test_any_split(tmp_path: Path, step: int) -> None:
    one = manuscript(tmp_path)
    octets = HEADER + BODY
    for start in range(0, len(octets), step):
        one.write(octets[start : start + step])
    arrived = await one.finish()
    assert arrived.octets == HEADER.replace(b"Bcc: secret@demo.test\r\n", b"") + BODY
    assert one.authors == ("you@demo.test",)


async def test_header_only(tmp_path: Path) -> None:
    one = manuscript(tmp_path)
    one.write(HEADER)
    arrived = await one.finish()
    assert arrived.octets == HEADER.replace(b"Bcc: secret@demo.test\r\n", b"")


async def test_no_header(tmp_path: Path) -> None:
    one = manuscript(tmp_path)
    with pytest.raises(Invalid):
        one.write(b"\r\nFrom: you@demo.test\r\n\r\n")


async def test_endless_header(tmp_path: Path) -> None:
    one = manuscript(tmp_path)
    one.write(b"X: " + b"a" * (SMTP_HEADER - 3))
    with pytest.raises(TooBig):
        one.write(b"a")
    one.discard()
