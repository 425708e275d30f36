"""The octets of a message being shown: in memory when small, read piece by piece when not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from pillarbox.core.ids import AccountId
from pillarbox.core.limits import BLOB_INLINE
from pillarbox.message.body import decode_leaf, leaf_text
from pillarbox.message.header import Field, fields
from pillarbox.message.structure import Part
from pillarbox.servers.http.blobs import shifted
from pillarbox.store.model import BlobRef, Email
from pillarbox.store.store import Store

_HEADER_READ = 4 << 20  # octets of a header that are read
_LONG = 256 << 10  # octets that are decoded beside the loop
_IDENTITY = frozenset(("7bit", "8bit", "binary"))


@dataclass(frozen=True, slots=True)
class Source:
    """`whole` has all octets; without it they are at `ref`."""

    store: Store
    account: AccountId
    whole: bytes | None
    ref: BlobRef | None = None

    async def slice(self, start: int, end: int) -> bytes:
        """octets[start:end]."""
        if self.whole is not None or self.ref is None:
            return (self.whole or b"")[start:end]
        return await self.store.slice(self.account, self.ref, start, end - start)

    async def header(self, part: Part) -> list[Field]:
        """The header fields of a part, in order."""
        octets = await self.slice(part.header, min(part.body, part.header + _HEADER_READ))
        return fields(octets, 0, len(octets))

    async def text(self, part: Part, limit: int) -> str:
        """At most `limit` characters of a text leaf."""
        octets = await self.slice(part.body, min(part.end, part.body + 8 * limit + 2048))
        leaf = shifted(part, octets)
        if len(octets) > _LONG:
            return await asyncio.to_thread(leaf_text, octets, leaf, limit)
        return leaf_text(octets, leaf, limit)

    async def decoded_size(self, part: Part) -> int:
        """The octets of a leaf without its transfer encoding. Base64 in large messages is not read whole: its size
        follows from its first line and its end."""
        encoded = part.end - part.body
        if part.encoding in _IDENTITY or part.encoding not in ("base64", "quoted-printable"):
            return encoded
        if self.whole is None and part.encoding == "base64" and encoded > BLOB_INLINE:
            return _base64_size(await self.slice(part.body, part.body + 2048), await self._end(part), encoded)
        octets = await self.slice(part.body, part.end)
        if encoded > _LONG:
            return len(await asyncio.to_thread(decode_leaf, octets, shifted(part, octets)))
        return len(decode_leaf(octets, shifted(part, octets)))

    async def _end(self, part: Part) -> bytes:
        return await self.slice(part.end - 256, part.end)


def _base64_size(head: bytes, tail: bytes, encoded: int) -> int:
    """The decoded size of base64 text of `encoded` octets whose lines are as long as the first."""
    first, feed, _ = head.partition(b"\n")
    line = len(first) + 1 if feed else encoded
    ends = 2 if first.endswith(b"\r") else 1 if feed else 0
    text = tail.rstrip(b"\r\n \t")
    length = encoded - (len(tail) - len(text))
    letters = length - (length - 1) // line * ends if length else 0
    return letters // 4 * 3 - (len(text) - len(text.rstrip(b"=")))


async def sources(store: Store, account: AccountId, emails: Sequence[Email]) -> list[Source]:
    """One for each message; the small ones are read together. What cannot be read is as if it were empty."""
    small = [email for email in emails if email.blob.length <= _LONG]
    octets = await store.many_octets(account, [email.blob for email in small])
    read = {email.message_id: data or b"" for email, data in zip(small, octets, strict=True)}
    return [Source(store, account, read.get(email.message_id), email.blob) for email in emails]
