"""Blob ids: the octets of a message, of an upload, or of a part in either, decoded (RFC 8620 §6, RFC 8621 §4.1.4).

`O<message>` is a message, `U<hash>` an upload; `_1_2` after it the part 1.2; what follows a `-` is within the message
that those octets are.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from pillarbox.core.errors import NotFound
from pillarbox.core.ids import AccountId, BlobId, MessageId, parse_id, spell
from pillarbox.core.limits import BLOB_INLINE
from pillarbox.message.body import decode_leaf
from pillarbox.message.octets import Octets
from pillarbox.message.structure import Part, decode, find, scan
from pillarbox.store.model import BlobRef, Need
from pillarbox.store.store import Store

MESSAGE = "O"
UPLOAD = "U"

_HASH = re.compile(r"[0-9a-f]{64}")
_SECTION = re.compile(r"[1-9][0-9]{0,4}(?:_[1-9][0-9]{0,4}){0,100}")
_STEPS = 10  # messages within messages that one id may name
_IDENTITY = frozenset(("7bit", "8bit", "binary"))
_GROUP = re.compile(rb"[^A-Za-z0-9+/]+")

Section = tuple[int, ...]


def message_blob(message_id: MessageId) -> str:
    """The blob id of a whole message."""
    return spell(MESSAGE, message_id)


def part_blob(container: str, section: Section, nested: bool) -> str:
    """The blob id of a part of the message that is `container`; `nested`: that is itself a part or an upload."""
    return f"{container}{'-' if nested else '_'}{'_'.join(map(str, section))}"


@dataclass(frozen=True, slots=True)
class Blob:
    """Octets somebody may read: all of `ref`, or a leaf `part` in them decoded, or `octets` that are in memory."""

    store: Store
    account: AccountId
    ref: BlobRef | None = None
    part: Part | None = None
    octets: bytes | None = None

    @property
    def size(self) -> int | None:
        """The number of octets where it is known without reading them."""
        if self.octets is not None:
            return len(self.octets)
        if self.ref is not None and self.part is None:
            return self.ref.length
        if self.part is not None and self.part.encoding in _IDENTITY:
            return self.part.end - self.part.body
        return None

    async def read(self) -> bytes:
        """All octets; they are at most as many as a message may have."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def chunks(self) -> AsyncIterator[bytes]:
        """The octets in pieces. Raises NotFound, Unavailable."""
        if self.octets is not None:
            yield self.octets
        elif self.ref is not None and self.part is None:
            async for chunk in self.store.chunks(self.account, self.ref):
                yield chunk
        elif self.ref is not None and self.part is not None:
            async for chunk in self._decoded(self.ref, self.part):
                yield chunk

    async def _decoded(self, ref: BlobRef, part: Part) -> AsyncIterator[bytes]:
        encoded = self.store.chunks(self.account, ref, part.body, part.end - part.body)
        if part.encoding in _IDENTITY:
            async for chunk in encoded:
                yield chunk
        elif part.encoding == "base64" and part.end - part.body > BLOB_INLINE:
            kept = b""
            async for chunk in encoded:
                letters = kept + _GROUP.sub(b"", chunk)
                whole = len(letters) // 4 * 4
                kept = letters[whole:]
                yield _leaf(letters[:whole], part)
            yield _leaf(kept, part)
        else:
            yield await asyncio.to_thread(_leaf, b"".join([chunk async for chunk in encoded]), part)


def shifted(part: Part, octets: Octets) -> Part:
    """The leaf as a message of its own whose body is all of `octets`."""
    return msgspec.structs.replace(part, header=0, body=0, end=len(octets))


def _leaf(encoded: bytes, part: Part) -> bytes:
    return decode_leaf(encoded, shifted(part, encoded))


async def find_blob(store: Store, account: AccountId, blob_id: str) -> Blob:
    """The blob of an id. Raises NotFound when the account has no such."""
    name, *steps = blob_id.split("-")
    base, underscore, rest = name.partition("_")
    if len(steps) > _STEPS:
        raise NotFound("no such blob")
    blob = await _upload(store, account, base) if base.startswith(UPLOAD) else None
    if blob is None:
        blob = await _message(store, account, base, _section(rest) if underscore else None)
    elif underscore:
        raise NotFound("no such blob")
    for step in steps:
        section = _section(step)
        octets = await blob.read()
        blob = await asyncio.to_thread(_within, blob, octets, section)
    return blob


def _section(text: str) -> Section:
    if not _SECTION.fullmatch(text):
        raise NotFound("no such blob")
    return tuple(int(number) for number in text.split("_"))


async def _upload(store: Store, account: AccountId, name: str) -> Blob:
    digits = name[len(UPLOAD) :]
    if not _HASH.fullmatch(digits):
        raise NotFound("no such blob")
    return Blob(store, account, await store.upload(account, BlobId(digits)))


async def _message(store: Store, account: AccountId, name: str, section: Section | None) -> Blob:
    number = parse_id(MESSAGE, name)
    if number is None:
        raise NotFound("no such blob")
    need = Need.BLOB if section is None else Need.BLOB | Need.STRUCTURE
    email = (await store.emails(account, [MessageId(number)], need)).get(MessageId(number))
    if email is None:
        raise NotFound("no such blob")
    if section is None:
        return Blob(store, account, email.blob)
    return Blob(store, account, email.blob, _part(decode(email.structure), section))


def _within(blob: Blob, octets: bytes, section: Section) -> Blob:
    part = _part(scan(octets), section)
    return Blob(blob.store, blob.account, octets=decode_leaf(octets, part))


def _part(root: Part, section: Section) -> Part:
    part = find(root, section)
    if part is None or part.type == "multipart":
        raise NotFound("no such part")
    return part
