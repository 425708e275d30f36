"""Body parts of a message as JMAP shows them (RFC 8621 §4.1.4)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from pillarbox.message.body import Reading, charset_of, name_of, text_parts
from pillarbox.message.charset import codec_of
from pillarbox.message.structure import Part
from pillarbox.servers.http.blobs import Section, part_blob
from pillarbox.servers.http.methods.headers import header_list, header_value
from pillarbox.servers.http.methods.source import Source
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import invalid_arguments
from pillarbox.wire.jmap.headerform import parse_header_property

_ENCODINGS = frozenset(("7bit", "8bit", "binary", "base64", "quoted-printable"))
_ASCII = frozenset(("us-ascii", "ascii"))


@dataclass(frozen=True, slots=True)
class Tree:
    """The parts of one message: its root, the readings, where each part is, and how its octets are reached."""

    root: Part
    reading: Reading
    sections: dict[int, Section]
    """By id() of the part: parts with equal values may stand in several places."""
    source: Source
    blob: str
    nested: bool

    def leaves(self) -> Iterator[Part]:
        """Everything that is no multipart, depth first, embedded messages not entered."""
        pending = [self.root]
        while pending:
            part = pending.pop()
            if part.type == "multipart":
                pending.extend(reversed(part.parts))
            else:
                yield part


def tree_of(root: Part, source: Source, blob: str, nested: bool) -> Tree:
    """The tree of a message whose octets have the id `blob`."""
    sections: dict[int, Section] = {}
    pending: list[tuple[Part, Section]] = [(root, () if root.type == "multipart" else (1,))]
    while pending:
        part, section = pending.pop()
        sections[id(part)] = section
        if part.type == "multipart":
            pending.extend((child, (*section, number)) for number, child in enumerate(part.parts, 1))
    return Tree(root, text_parts(root), sections, source, blob, nested)


def part_id(tree: Tree, part: Part) -> str | None:
    """The partId: the part number IMAP has for it; null for a multipart."""
    return None if part.type == "multipart" else ".".join(map(str, tree.sections[id(part)]))


def _blob_id(tree: Tree, part: Part) -> str | None:
    return None if part.type == "multipart" else part_blob(tree.blob, tree.sections[id(part)], tree.nested)


def _charset(_tree: Tree, part: Part) -> str | None:
    return (charset_of(part) or "us-ascii") if part.type == "text" else charset_of(part)


_SIMPLE: dict[str, Callable[[Tree, Part], object]] = {
    "partId": part_id,
    "blobId": _blob_id,
    "name": lambda _, part: name_of(part),
    "type": lambda _, part: f"{part.type}/{part.subtype}",
    "charset": _charset,
    "disposition": lambda _, part: part.disposition,
    "cid": lambda _, part: part.content_id,
    "language": lambda _, part: list(part.language) or None,
    "location": lambda _, part: part.location,
}
PART_PROPERTIES = frozenset((*_SIMPLE, "size", "headers", "subParts"))


def check_part_properties(names: Sequence[str]) -> list[str]:
    """The properties of body parts. Raises MethodError for one that does not exist."""
    for name in names:
        if name not in PART_PROPERTIES and parse_header_property(name) is None:
            raise invalid_arguments(f"there is no property {name[:100]!r} of a body part")
    return list(dict.fromkeys(names))


async def show_part(tree: Tree, part: Part, properties: Sequence[str], deep: bool) -> Json:
    """An EmailBodyPart; `deep`: with the parts below it (RFC 8621 §4.1.4: only in bodyStructure)."""
    shown: Json = {}
    header = None
    for name in properties:
        if (simple := _SIMPLE.get(name)) is not None:
            shown[name] = simple(tree, part)
        elif name == "size":
            shown[name] = 0 if part.type == "multipart" else await tree.source.decoded_size(part)
        elif name != "subParts":
            header = await tree.source.header(part) if header is None else header
            wanted = parse_header_property(name)
            shown[name] = header_list(header) if wanted is None else header_value(header, wanted)
    if deep and part.type == "multipart":
        shown["subParts"] = [await show_part(tree, child, properties, deep=True) for child in part.parts]
    elif "subParts" in properties:
        shown["subParts"] = None
    return shown


async def show_value(tree: Tree, part: Part, limit: int, room: int) -> tuple[Json, int]:
    """The EmailBodyValue of a text leaf, at most `limit` octets of UTF-8 (0: no bound but `room`), and its octets."""
    most = limit or room
    text = await tree.source.text(part, most + 1)
    octets = text.encode("utf-8", "replace")
    truncated = len(octets) > most
    if truncated and limit:
        text = octets[:most].decode("utf-8", "ignore")
        if part.subtype == "html":
            text = _outside_tag(text)
    label = charset_of(part)
    unknown = label is not None and label.lower() not in _ASCII and codec_of(label) is None
    problem = unknown or "\ufffd" in text or part.encoding not in _ENCODINGS
    return {"value": text, "isEncodingProblem": problem, "isTruncated": truncated}, min(len(octets), most + 1)


def _outside_tag(text: str) -> str:
    """RFC 8621 §4.2: HTML is not cut inside a tag."""
    start = text.rfind("<")
    return text[:start] if start > text.rfind(">") else text
