"""Addresses: read leniently from header fields, strictly from settings, and spelled."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import idna

from pillarbox.core.errors import Invalid
from pillarbox.core.limits import ADDRESSES, SMTP_DOMAIN, SMTP_LOCAL_PART
from pillarbox.message.words import decode_words, encode_words, neutral, raw_text

_TOKEN = re.compile(
    r'"(?P<quoted>(?:[^"\\]|\\.)*)(?:"|\\?\Z)|<(?P<angle>[^>]*)(?:>|\Z)|(?P<special>[(,;:)])|(?P<atom>[^\s"<>(),;:]+)|>',
    re.S,
)
_TOKENS = 10 * ADDRESSES  # words and separators read of one field
_ESCAPE = re.compile(r"\\(.)", re.S)
_PAREN = re.compile(r"[()]|\\.", re.S)
_OUTER = re.compile(r'"(?:[^"\\]|\\.)*"?|\(', re.S)  # what is quoted, and where a comment begins
_ATOM = re.compile(r"[^\s()<>@,;:\\\"\[\].\x00-\x1f\x7f]+")
_DOT_ATOM = re.compile(rf"{_ATOM.pattern}(?:\.{_ATOM.pattern})*")
_PLAIN_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox: decoded display name (None when absent), local part without quoting, domain ("" when missing)."""

    name: str | None
    mailbox: str
    host: str
    route: str | None = None
    """The source route of an old address, `@a,@b` (RFC 5322 §4.4)."""

    @property
    def spec(self) -> str:
        """The addr-spec `local@domain`, the local part quoted where it must be."""
        local = self.mailbox
        if local and not _DOT_ATOM.fullmatch(local):
            local = '"' + local.replace("\\", "\\\\").replace('"', '\\"') + '"'
        return f"{local}@{self.host}" if self.host else local


@dataclass(frozen=True, slots=True)
class Group:
    """A named group of mailboxes (RFC 5322 §3.4), perhaps empty: `undisclosed-recipients:;`."""

    name: str
    members: tuple[Address, ...]


class _Reader:
    """What has been read of the present mailbox."""

    __slots__ = ("angle", "comment", "glue", "last", "words")

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self.words: list[str] = []  # of the phrase, or of an address without angle brackets
        self.glue: list[bool] = []  # whether the word follows the one before without space
        self.angle: str | None = None
        self.comment = ""
        self.last = -1

    def add(self, word: str, start: int, end: int) -> None:
        self.words.append(word)
        self.glue.append(start == self.last)
        self.last = end

    def phrase(self) -> str:
        """The words of a name, with the spaces between them."""
        spaced = [word if glued else " " + word for word, glued in zip(self.words, self.glue, strict=True)]
        return "".join(spaced).lstrip()

    def take(self) -> Address | None:
        """The mailbox that was read, raw name; None if there was nothing."""
        angle, words, route = self.angle, self.words, None
        if angle is not None:
            name = self.phrase() or self.comment or None
            route, spec = _unroute(angle)
        elif words:
            at = next((i for i in range(len(words) - 1, -1, -1) if "@" in words[i]), len(words) - 1)
            first = last = at
            while first > 0 and (
                self.glue[first] or words[first].startswith(("@", ".")) or words[first - 1].endswith(".")
            ):
                first -= 1
            while last + 1 < len(words) and (
                self.glue[last + 1] or words[last].endswith(("@", ".")) or words[last + 1].startswith(".")
            ):
                last += 1
            spec = "".join(words[first : last + 1])
            name = " ".join(words[:first]) or self.comment or None
        else:
            self.clear()
            return None
        self.clear()
        mailbox, at_sign, host = spec.rpartition("@")
        if not at_sign:
            mailbox, host = spec, ""
        if not mailbox and not host:
            return Address(name, "", "") if name else None
        return Address(name, mailbox, host, route)


def _unroute(angle: str) -> tuple[str | None, str]:
    """What stands in angle brackets: the source route, and the rest without comments, white space and quoting."""
    route = None
    if "(" in angle:
        angle = _uncommented(angle)
    if angle.lstrip().startswith("@") and ":" in angle:
        before, _, angle = angle.rpartition(":")
        route = "".join(before.split())
    local, at_sign, host = angle.rpartition("@")
    if not at_sign:
        local, host = angle, ""
    local = local.strip()
    local = _ESCAPE.sub(r"\1", local.strip('"')) if local.startswith('"') else "".join(local.split())
    return route, f"{local}@{''.join(host.split())}" if at_sign else local


def _uncommented(text: str) -> str:
    """`text` without its comments, which may be nested; those in quotes are none, and neither is one without end."""
    kept, position = [], 0
    for match in _OUTER.finditer(text):
        if match.start() >= position and match[0] == "(":
            end = _comment(text, match.end())[1]
            if text[end - 1] != ")":
                break
            kept.append(text[position : match.start()])
            position = end
    return " ".join([*kept, text[position:]])


def split_addresses(text: str) -> list[Address | Group]:
    """The addresses of a field's unfolded text; names as written (encoded words not decoded), quoting removed."""
    result: list[Address | Group] = []
    members: list[Address] | None = None
    group = ""
    reader = _Reader()
    position = count = 0
    for _ in range(_TOKENS):
        match = _TOKEN.search(text, position)
        if match is None or count >= ADDRESSES:
            break
        position = match.end()
        if (atom := match["atom"]) is not None:
            reader.add(atom, match.start(), position)
        elif match["quoted"] is not None:
            reader.add(_ESCAPE.sub(r"\1", match["quoted"]), match.start(), position)
        elif match["angle"] is not None:
            reader.angle = match["angle"]
        elif (special := match["special"]) == "(":
            reader.comment, position = _comment(text, position)
        elif special == ":" and members is None and reader.angle is None:
            group, members = reader.phrase(), []
            reader.clear()
        elif special in (",", ";"):
            count += _keep(reader, result if members is None else members)
            if special == ";" and members is not None:
                result.append(Group(group, tuple(members)))
                members = None
                count += 1
    if count < ADDRESSES:
        _keep(reader, result if members is None else members)
    if members is not None:
        result.append(Group(group, tuple(members)))
    return result


def _keep(reader: _Reader, into: "list[Address | Group] | list[Address]") -> int:
    """Add what the reader holds; how many mailboxes that was."""
    address = reader.take()
    if address is None:
        return 0
    into.append(address)
    return 1


def _comment(text: str, position: int) -> tuple[str, int]:
    """The text of a comment that was opened before `position`, and the offset behind it."""
    start, depth = position, 1
    for match in _PAREN.finditer(text, position):
        if match[0] == "(":
            depth += 1
        elif match[0] == ")":
            depth -= 1
            if not depth:
                return text[start : match.start()].strip(), match.end()
    return text[start:].strip(), len(text)


def parse_addresses(value: bytes) -> list[Address | Group]:
    """The addresses of a header value (RFC 5322 §3.4, §4.4, RFC 6532), names decoded. Lenient; never fails. At most
    ADDRESSES of them."""
    return [_decoded(entry) for entry in split_addresses(raw_text(value))]


def _decoded(entry: Address | Group) -> Address | Group:
    if isinstance(entry, Group):
        members = tuple(_decoded_one(member) for member in entry.members)
        return Group(decode_words(entry.name), members)
    return _decoded_one(entry)


def _decoded_one(address: Address) -> Address:
    name = decode_words(address.name).strip() if address.name else None
    return Address(name or None, neutral(address.mailbox), neutral(address.host), address.route)


def mailboxes(entries: Sequence[Address | Group]) -> list[Address]:
    """All mailboxes, those of groups too, in order."""
    found: list[Address] = []
    for entry in entries:
        if isinstance(entry, Group):
            found.extend(entry.members)
        else:
            found.append(entry)
    return found


def spell_name(name: str) -> str:
    """A display name or group name for a header: as it is, quoted, or as encoded words."""
    name = neutral(name)
    if not name.isascii():
        return " ".join(encode_words(name))
    if _PLAIN_NAME.fullmatch(name) and "=?" not in name and name == name.strip():
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def spell_address(address: Address | Group) -> bytes:
    """The address as it stands in a header field. UTF-8 only where local part or domain need it (RFC 6532).

    Raises Invalid when local part or domain hold a control character."""
    if isinstance(address, Group):
        members = b", ".join(spell_address(member) for member in address.members)
        return spell_name(address.name).encode("ascii") + b":" + (b" " + members if members else b"") + b";"
    spec = address.spec
    if neutral(spec) != spec or any(c in address.host for c in ' <>,;:"\\()'):
        raise Invalid("control or special character in an address")
    if address.name:
        return f"{spell_name(address.name)} <{spec}>".encode()
    return spec.encode() if _DOT_ATOM.fullmatch(address.mailbox) else f"<{spec}>".encode()


def parse_mailbox(text: str) -> Address:
    """The addr-spec `local@domain` of a setting or a login, nothing around it (RFC 5321 §4.1.2, RFC 6531 §3.3).

    The domain comes back in lower case, internationalised labels as U-labels. Raises Invalid.
    """
    local, at_sign, host = text.rpartition("@")
    if not at_sign or not local:
        raise Invalid("an address is local@domain")
    if local.startswith('"') and local.endswith('"') and len(local) > 2:
        local = _ESCAPE.sub(r"\1", local[1:-1])
        if neutral(local) != local:
            raise Invalid("control character in an address")
    elif not _DOT_ATOM.fullmatch(local):
        raise Invalid("the part before @ has a character that needs quoting, or an empty atom")
    if len(local.encode("utf-8", "replace")) > SMTP_LOCAL_PART or "\ufffd" in neutral(local):
        raise Invalid("the part before @ is too long or unreadable")
    return Address(None, local, _domain(host))


def _domain(host: str) -> str:
    """A checked domain, lower case."""
    host = host.lower()
    labels = host.split(".")
    if host.isascii():
        if len(host) > SMTP_DOMAIN or not all(_LABEL.fullmatch(label) for label in labels):
            raise Invalid("not a domain name")
        if not any(label.startswith("xn--") for label in labels):
            return host
    try:
        return idna.decode(idna.encode(host, uts46=True))  # RFC 5890 §2.3.2.1: both spellings name the same domain
    except (idna.IDNAError, UnicodeError) as error:
        raise Invalid(f"not a domain name: {error}") from error
