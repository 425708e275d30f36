"""Every command we read: its value, and the table verb → parser, to which an extension adds a row."""

from binascii import Error, a2b_base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Literal

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.extensions import EXTENSIONS, ExtensionArguments
from pillarbox.wire.imap.fetch import Fetch, parse_fetch
from pillarbox.wire.imap.listing import List, Status, parse_list, parse_lsub, parse_status
from pillarbox.wire.imap.names import SEPARATOR, decode_name, spelled_name
from pillarbox.wire.imap.reader import Reader
from pillarbox.wire.imap.resync import Resync, parse_resync
from pillarbox.wire.imap.search import Search
from pillarbox.wire.imap.search_keys import parse_search
from pillarbox.wire.imap.sets import SequenceSet

_ID_PAIRS = 30  # RFC 2971 §3.3
_ID_FIELD = 30
_ID_VALUE = 1024


@dataclass(frozen=True, slots=True)
class Nothing:
    """A command without arguments."""


@dataclass(frozen=True, slots=True)
class Login:
    """LOGIN (RFC 9051 §6.2.3)."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Authenticate:
    """AUTHENTICATE: mechanism in upper case, and the initial response if it came along (RFC 9051 §6.2.2, RFC 4959)."""

    mechanism: str
    initial: bytes | None = None


@dataclass(frozen=True, slots=True)
class Mailbox:
    """CREATE, DELETE, SUBSCRIBE, UNSUBSCRIBE. `use` are the attributes that CREATE asks for (RFC 6154 §3)."""

    mailbox: str
    use: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rename:
    """RENAME (RFC 9051 §6.3.6)."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Select:
    """SELECT and EXAMINE (RFC 9051 §6.3.2); `condstore` is the parameter of RFC 7162 §3.1.8, `resync` of §3.2.5.

    `asked` is the name as it was spelled, INBOX too.
    """

    mailbox: str
    condstore: bool = False
    resync: Resync | None = None
    asked: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Copy:
    """COPY, MOVE and their UID forms (RFC 9051 §6.4.7, §6.4.8)."""

    messages: SequenceSet
    mailbox: str
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Store:
    """STORE and UID STORE; `unchanged_since` is the modifier of RFC 7162 §3.1.3."""

    messages: SequenceSet
    mode: Literal["replace", "add", "remove"]
    flags: tuple[str, ...]
    silent: bool = False
    unchanged_since: int | None = None
    uid: bool = False


@dataclass(frozen=True, slots=True)
class UidExpunge:
    """UID EXPUNGE (RFC 4315 §2.1)."""

    messages: SequenceSet


@dataclass(frozen=True, slots=True)
class Enable:
    """ENABLE: capability names in upper case, known or not (RFC 5161 §3.1)."""

    capabilities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Identity:
    """ID: what the client says it is, None for NIL (RFC 2971 §3.1)."""

    fields: tuple[tuple[str, str | None], ...] | None


Arguments = (
    Nothing
    | Login
    | Authenticate
    | Mailbox
    | Rename
    | Select
    | List
    | Status
    | Copy
    | Store
    | Fetch
    | Search
    | UidExpunge
    | Enable
    | Identity
    | ExtensionArguments
)
Parser = Callable[[Reader], Arguments]


def decode_base64(line: bytes) -> bytes:
    """The octets of a SASL line. WireError if it is not base64 (RFC 9051 §6.2.2)."""
    try:
        return a2b_base64(line, strict_mode=True)
    except Error as error:
        raise WireError("not base64") from error


def _nothing(_reader: Reader) -> Nothing:
    return _NOTHING


def _login(reader: Reader) -> Login:
    reader.space()
    user = reader.utf8_string()
    reader.space()
    return Login(user, reader.utf8_string())


def _authenticate(reader: Reader) -> Authenticate:
    reader.space()
    mechanism = reader.atom().decode("ascii").upper()
    if not reader.skip(b" "):
        return Authenticate(mechanism)
    if reader.skip(b"="):  # RFC 4959 §3: an empty response
        return Authenticate(mechanism, b"")
    return Authenticate(mechanism, decode_base64(reader.atom()))


def _mailbox(reader: Reader) -> Mailbox:
    reader.space()
    return Mailbox(reader.mailbox())


def _create(reader: Reader) -> Mailbox:
    reader.space()
    mailbox = reader.mailbox().removesuffix(SEPARATOR)  # RFC 9051 §6.3.4: it says that children will follow
    if not reader.skip(b" ("):
        return Mailbox(mailbox)
    if reader.word() != b"USE":
        raise WireError("unknown CREATE parameter")
    reader.expect(b" (")
    use: list[str] = []
    while not reader.skip(b")"):
        if use:
            reader.space()
        reader.expect(b"\\")
        use.append("\\" + reader.atom().decode("ascii"))
    reader.expect(b")")
    return Mailbox(mailbox, tuple(use))


def _rename(reader: Reader) -> Rename:
    reader.space()
    source = reader.mailbox()
    reader.space()
    return Rename(source, reader.mailbox().removesuffix(SEPARATOR))


def _select(reader: Reader) -> Select:
    reader.space()
    octets = reader.astring()
    mailbox, asked = decode_name(octets, reader.utf8), spelled_name(octets, reader.utf8)
    parameters = dict(reader.listed(_select_parameter)) if reader.skip(b" ") else {}
    return Select(mailbox, b"CONDSTORE" in parameters, parameters.get(b"QRESYNC"), asked)


def _select_parameter(reader: Reader) -> tuple[bytes, Resync | None]:
    name = reader.word()
    if name == b"QRESYNC":
        reader.space()
        return name, parse_resync(reader)
    if name != b"CONDSTORE":
        raise WireError("unknown SELECT parameter")
    return name, None


def _copy(reader: Reader, uid: bool = False) -> Copy:
    reader.space()
    messages = reader.sequence_set()
    reader.space()
    return Copy(messages, reader.mailbox(), uid)


_STORE_ITEMS: Mapping[bytes, tuple[Literal["replace", "add", "remove"], bool]] = MappingProxyType(
    {
        b"FLAGS": ("replace", False),
        b"FLAGS.SILENT": ("replace", True),
        b"+FLAGS": ("add", False),
        b"+FLAGS.SILENT": ("add", True),
        b"-FLAGS": ("remove", False),
        b"-FLAGS.SILENT": ("remove", True),
    }
)


def _store(reader: Reader, uid: bool = False) -> Store:
    reader.space()
    messages = reader.sequence_set()
    reader.space()
    unchanged_since = None
    if reader.skip(b"("):
        if reader.word() != b"UNCHANGEDSINCE":
            raise WireError("unknown STORE modifier")
        reader.space()
        unchanged_since = reader.number()
        reader.expect(b")")
        reader.space()
    sign = b"+" if reader.skip(b"+") else b"-" if reader.skip(b"-") else b""
    item = _STORE_ITEMS.get(sign + reader.word())
    if item is None:
        raise WireError("unknown STORE item")
    reader.space()
    flags = reader.flag_list() if reader.at(b"(") else reader.bare_flags()
    return Store(messages, item[0], flags, item[1], unchanged_since, uid)


def _uid_expunge(reader: Reader) -> UidExpunge:
    reader.space()
    return UidExpunge(reader.sequence_set())


def _enable(reader: Reader) -> Enable:
    reader.space()
    names = [reader.atom()]
    while reader.pos < len(reader.text) and reader.skip(b" "):
        names.append(reader.atom())
    return Enable(tuple(name.decode("ascii").upper() for name in names))


def _id(reader: Reader) -> Identity:
    reader.space()
    if reader.text[reader.pos : reader.pos + 3].upper() == b"NIL":
        reader.pos += 3
        return Identity(None)
    reader.expect(b"(")
    fields: list[tuple[str, str | None]] = []
    while not reader.skip(b")"):
        if fields:
            reader.space()
        field = reader.string()
        reader.space()
        value = reader.nstring()
        if len(fields) >= _ID_PAIRS or len(field) > _ID_FIELD or len(value or b"") > _ID_VALUE:
            raise WireError("too much in ID", code="LIMIT", status="NO")
        fields.append((field.decode("utf-8", "replace"), None if value is None else value.decode("utf-8", "replace")))
    return Identity(tuple(fields))


_NOTHING = Nothing()
_BARE = b"CAPABILITY NOOP LOGOUT STARTTLS CHECK CLOSE UNSELECT EXPUNGE IDLE NAMESPACE".split()

_BASE: dict[bytes, Parser] = {
    **dict.fromkeys(_BARE, _nothing),
    b"LOGIN": _login,
    b"AUTHENTICATE": _authenticate,
    b"SELECT": _select,
    b"EXAMINE": _select,
    b"CREATE": _create,
    b"DELETE": _mailbox,
    b"RENAME": _rename,
    b"SUBSCRIBE": _mailbox,
    b"UNSUBSCRIBE": _mailbox,
    b"LIST": parse_list,
    b"LSUB": parse_lsub,
    b"STATUS": parse_status,
    b"SEARCH": parse_search,
    b"FETCH": parse_fetch,
    b"STORE": _store,
    b"COPY": _copy,
    b"MOVE": _copy,
    b"ENABLE": _enable,
    b"ID": _id,
    b"UID SEARCH": partial(parse_search, uid=True),
    b"UID FETCH": partial(parse_fetch, uid=True),
    b"UID STORE": partial(_store, uid=True),
    b"UID COPY": partial(_copy, uid=True),
    b"UID MOVE": partial(_copy, uid=True),
    b"UID EXPUNGE": _uid_expunge,
}

STREAMED = frozenset({"APPEND", "REPLACE", "UID REPLACE"})
"""The commands whose messages stream: the decoder reads them."""
BASE: frozenset[str] = frozenset({"APPEND", *(verb.decode("ascii") for verb in _BASE)})
"""The names a decoder knows unless it is told otherwise (`Decoder.offered`): IMAP4rev1 and what goes with it."""
PARSERS: Mapping[bytes, Parser] = MappingProxyType(
    {**_BASE, b"UNAUTHENTICATE": _nothing, b"GETJMAPACCESS": _nothing, **EXTENSIONS}
)
"""Verb in upper case → what reads its arguments, but for those of STREAMED."""
