"""What two parsers understood of a command, in one form: nested tuples, as little spelled as the meaning allows."""

import json
from collections.abc import Callable, Iterable
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any

from imap_codec import CommandCodec, DecodeFailed, DecodeIncomplete, DecodeLiteralFound

from pillarbox.wire.imap import commands, extensions, listing, metadata, quota, search, sorting
from pillarbox.wire.imap.decoder import Decoder
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.events import AppendChunk, AppendEnd, AppendStart, BadCommand, Command, Event, LiteralWanted
from pillarbox.wire.imap.fetch import Attribute, BinaryItem, BinarySize, BodyItem, Fetch, FetchItem
from pillarbox.wire.imap.limits import Limits
from pillarbox.wire.imap.names import decode_name
from pillarbox.wire.imap.sets import STAR, SequenceSet
from tests.wire.imap.reading import EVERYTHING

Reading = tuple[Any, ...]
"""("bad",), ("more",) for what is not whole, ("literal",) for one that waits, or (verb, argument …)."""

BAD, MORE, LITERAL = ("bad",), ("more",), ("literal",)
NAMELESS = ("nameless",)
"""The other parser takes the octets of a mailbox name that spell none (RFC 3501 §5.1.3)."""
Tree = tuple[Any, ...]


# -- the other opinion


def theirs(octets: bytes) -> Reading:
    """What imap-codec makes of the octets."""
    try:
        _, command = CommandCodec.decode(octets)
    except DecodeIncomplete:
        return MORE
    except DecodeLiteralFound:
        return LITERAL
    except DecodeFailed:
        return BAD
    body = json.loads(json.dumps(command.as_dict()["body"]))
    if isinstance(body, str):
        return (_VERBS.get(body, body.upper()),)
    ((name, given),) = body.items()
    read = _THEIRS.get(name)
    verb = ("UID " if given.get("uid") else "") + _VERBS.get(name, name.upper())
    try:
        return (verb, *(read(given) if read else ()))
    except WireError:
        return NAMELESS


_VERBS = {"ExpungeUid": "UID EXPUNGE", "GetQuota": "GETQUOTA"}


def _octets(value: Any) -> bytes:
    """An atom, a quoted string or a literal."""
    if "Atom" in value:
        return str(value["Atom"]).encode()
    inner = value.get("String", value)
    return str(inner["Quoted"]).encode() if "Quoted" in inner else bytes(inner["Literal"]["data"])


def _name(value: Any) -> str:
    return "INBOX" if value == "Inbox" else decode_name(_octets(value["Other"]), False)


def _set(parts: Any) -> Tree:
    ranges = []
    for part in parts:
        ((kind, value),) = part.items()
        bounds = [value] if kind == "Single" else value
        ends = [STAR if bound == "Asterisk" else bound["Value"] for bound in bounds]
        ranges.append((min(ends), max(ends)))
    return _members(lambda size: _resolve(ranges, size))


def _resolve(ranges: Iterable[tuple[int, int]], size: int) -> set[int]:
    """The numbers a set names in a mailbox of `size`, one by one: the meaning of `*` in its plainest form."""
    named: set[int] = set()
    for low, high in ranges:
        ends = sorted(size if bound == STAR else bound for bound in (low, high))
        named.update(range(ends[0], min(ends[1], size) + 1))
    return named


def _members(members: Callable[[int], Iterable[int]]) -> Tree:
    """What a set names in mailboxes of several sizes."""
    return tuple(tuple(sorted(members(size))) for size in (1, 3, 7, 40))


def _said(value: Any) -> str:
    """A word the parser knows, or {"Other": word}."""
    return str(value if isinstance(value, str) else next(iter(value.values())))


def _flags(listed: Any) -> Tree:
    return tuple(dict.fromkeys(map(_said, listed)))


_WORDS = {
    "Rfc822Size": "RFC822.SIZE",
    "Rfc822Header": "RFC822.HEADER",
    "Rfc822Text": "RFC822.TEXT",
    "BodyStructure": "BODYSTRUCTURE",
    "InternalDate": "INTERNALDATE",
}
_MACROS = {
    "Fast": ("FLAGS", "INTERNALDATE", "RFC822.SIZE"),
    "All": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE"),
    "Full": ("FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY"),
}


def _items(given: Any) -> Tree:
    if "Macro" in given:
        return _MACROS[given["Macro"]]
    return tuple(dict.fromkeys(map(_item, given["MessageDataItemNames"])))


def _item(item: Any) -> Any:
    if isinstance(item, str):
        return _WORDS.get(item, item.upper())
    ((kind, value),) = item.items()
    partial = tuple(value["partial"]) if value.get("partial") else None
    if kind == "BinarySize":
        return "BINARY.SIZE", tuple(value["section"])
    if kind == "Binary":
        return "BINARY", tuple(value["section"]), partial, value["peek"]
    return "BODY", *_section(value["section"]), partial, value["peek"]


_TEXTS = {
    "Part": "",
    "Header": "HEADER",
    "HeaderFields": "HEADER.FIELDS",
    "HeaderFieldsNot": "HEADER.FIELDS.NOT",
    "Text": "TEXT",
    "Mime": "MIME",
}


def _section(section: Any) -> tuple[Tree, str, Tree]:
    if section is None:
        return (), "", ()
    ((kind, value),) = section.items()
    if kind.startswith("HeaderFields"):
        return tuple(value[0] or ()), _TEXTS[kind], tuple(_octets(one).decode("ascii", "replace") for one in value[1])
    return tuple(value or ()), _TEXTS[kind], ()


def _keys(listed: Any) -> Tree:
    return _all([_key(one) for one in listed])


def _all(keys: list[Tree]) -> Tree:
    """All must match: parentheses within say nothing more."""
    flat = [inner for key in keys for inner in (key[1:] if key[0] == "AND" else (key,))]
    return flat[0] if len(flat) == 1 else ("AND", *flat)


_SEEN, _RECENT = ("FLAG", "\\Seen"), ("RECENT",)
_PLAIN: dict[str, Tree] = {
    "All": ("ALL",),
    "Recent": _RECENT,
    "Old": ("NOT", _RECENT),
    "New": ("AND", _RECENT, ("NOT", _SEEN)),
    **{name: ("FLAG", "\\" + name) for name in ("Answered", "Deleted", "Draft", "Flagged", "Seen")},
    **{
        "Un" + name.lower(): ("NOT", ("FLAG", "\\" + name))
        for name in ("Answered", "Deleted", "Draft", "Flagged", "Seen")
    },
}
_ENVELOPE = ("From", "To", "Cc", "Bcc", "Subject", "Body", "Text")
_DATES = {
    **{name: ("internal", name.lower()) for name in ("Before", "On", "Since")},
    **{"Sent" + name: ("sent", name.lower()) for name in ("Before", "On", "Since")},
}


def _key(key: Any) -> Tree:
    if isinstance(key, str):
        return _PLAIN[key]
    ((kind, value),) = key.items()
    if kind == "And":
        return _keys(value)
    if kind == "Or":
        return "OR", _key(value[0]), _key(value[1])
    if kind == "Not":
        return "NOT", _key(value)
    if kind in ("Uid", "SequenceSet"):
        return kind.upper(), _set(value)
    if kind in _ENVELOPE:
        return kind.lower(), _octets(value)
    if kind in _DATES:
        return *_DATES[kind], value
    if kind == "Header":
        return "HEADER", _octets(value[0]).decode("ascii", "replace").lower(), _octets(value[1])
    if kind in ("Keyword", "Unkeyword"):
        return ("FLAG", value) if kind == "Keyword" else ("NOT", ("FLAG", value))
    return kind.upper(), value


def _search(given: Any) -> Tree:
    return (_keys(given.get("criteria") or given["search_criteria"]),)


_STATUS = {"UidNext": "UIDNEXT", "UidValidity": "UIDVALIDITY", "DeletedStorage": "DELETED-STORAGE"}
_THEIRS: dict[str, Callable[[Any], Tree]] = {
    "Login": lambda given: (_octets(given["username"]), _octets(given["password"])),
    "Authenticate": lambda given: (
        _said(given["mechanism"]).upper(),
        None if given["initial_response"] is None else bytes(given["initial_response"]),
    ),
    **dict.fromkeys(
        ("Select", "Examine", "Create", "Delete", "Subscribe", "Unsubscribe", "GetQuotaRoot"),
        lambda given: (_name(given["mailbox"]),),
    ),
    "Rename": lambda given: (_name(given["from"]), _name(given["to"])),
    **dict.fromkeys(("List", "Lsub"), lambda given: (_name(given["reference"]), _pattern(given["mailbox_wildcard"]))),
    "Status": lambda given: (
        _name(given["mailbox"]),
        tuple(dict.fromkeys(_STATUS.get(one, one.upper()) for one in given["item_names"])),
    ),
    "Append": lambda given: (
        _name(given["mailbox"]),
        _flags(given["flags"]),
        given["date"] and datetime.fromisoformat(given["date"]).astimezone(UTC),
        bytes(_message(given["message"])),
    ),
    "Store": lambda given: (
        _set(given["sequence_set"]),
        given["kind"].lower(),
        given["response"] == "Silent",
        _flags(given["flags"]),
    ),
    **dict.fromkeys(("Copy", "Move"), lambda given: (_set(given["sequence_set"]), _name(given["mailbox"]))),
    "ExpungeUid": lambda given: (_set(given["sequence_set"]),),
    "Fetch": lambda given: (
        _set(given["sequence_set"]),
        tuple(dict.fromkeys((*(("UID",) if given["uid"] else ()), *_items(given["macro_or_item_names"])))),
    ),
    "Search": _search,
    "Sort": lambda given: (
        tuple((one["reverse"], one["key"].upper()) for one in given["sort_criteria"]),
        *_search(given),
    ),
    "Thread": lambda given: (_said(given["algorithm"]).upper(), *_search(given)),
    "Enable": lambda given: (tuple(_said(one).upper() for one in given["capabilities"]),),
    "GetQuota": lambda given: (_octets(given["root"]),),
    "SetQuota": lambda given: (
        _octets(given["root"]),
        tuple((_said(one["resource"]).upper(), one["limit"]) for one in given["quotas"]),
    ),
    "GetMetadata": lambda given: (
        _name(given["mailbox"]),
        tuple(dict.fromkeys(_octets(one).lower() for one in given["entries"])),
    ),
    "SetMetadata": lambda given: (
        _name(given["mailbox"]),
        tuple({_octets(one["entry"]).lower(): _value(one["value"]) for one in given["entry_values"]}.items()),
    ),
    "Compress": lambda given: (_said(given["algorithm"]).upper(),),
    "Id": lambda given: (
        None
        if given["parameters"] is None
        else tuple((_octets(one), None if value is None else _octets(value)) for one, value in given["parameters"]),
    ),
}


def _message(value: Any) -> Any:
    return next(iter(value.values()))["data"]


def _value(value: Any) -> bytes | None:
    inner = next(iter(value.values()))
    if inner is None:
        return None
    return bytes(inner["data"]) if "data" in inner else _octets(inner)


def _pattern(value: Any) -> str:
    return decode_name(str(value["Token"]).encode() if "Token" in value else _octets(value), False)


# -- ours


def ours(octets: bytes) -> Reading:
    """What our decoder makes of them, to a client that has logged in and to whom everything is offered."""
    decoder = Decoder(Limits(), EVERYTHING)
    decoder.feed(octets)
    events: list[Event] = []
    waiting = False
    while (event := decoder.next()) is not None:
        if isinstance(event, BadCommand):
            return BAD
        if isinstance(event, LiteralWanted | AppendStart):
            waiting = isinstance(event, LiteralWanted) or event.sync
            decoder.accept()
        events.append(event)
        if isinstance(event, Command):
            return _command(event)
        if isinstance(event, AppendEnd):
            return _append([one for one in events if not isinstance(one, LiteralWanted)])
    return LITERAL if waiting else MORE


def _append(events: list[Event]) -> Reading:
    start = events[0]
    assert isinstance(start, AppendStart)
    octets = b"".join(event.octets for event in events if isinstance(event, AppendChunk))
    marks = tuple(flag.removeprefix("\\") for flag in start.flags)
    return start.name, start.mailbox, marks, start.date and start.date.astimezone(UTC), octets


def _command(event: Command) -> Reading:
    given = event.arguments
    return event.name, *_OURS[type(given)](given)


def _our_set(messages: SequenceSet) -> Tree:
    return _members(lambda size: (number for low, high in messages.resolve(size) for number in range(low, high + 1)))


def _our_item(item: FetchItem) -> Any:
    match item:
        case Attribute():
            return item.value
        case BinarySize():
            return "BINARY.SIZE", item.part
        case BinaryItem():
            return "BINARY", item.part, item.partial, item.peek
        case BodyItem():
            if item.label.startswith(b"RFC822"):
                return item.label.decode()
            return "BODY", item.section.part, item.section.text, item.section.fields, item.partial, item.peek


def _our_fetch(given: Fetch) -> Tree:
    items = [_our_item(item) for item in given.items]
    return _our_set(given.messages), tuple(items)


def _our_key(key: search.Key) -> Tree:
    match key:
        case search.And():
            return _all([_our_key(one) for one in key.keys])
        case search.Or():
            return "OR", _our_key(key.left), _our_key(key.right)
        case search.Not():
            return "NOT", _our_key(key.key)
        case search.Numbers():
            return "SEQUENCESET", _our_set(key.messages)
        case search.Uids():
            return "UID", _our_set(key.messages)
        case search.HasFlag():
            return "FLAG", key.flag
        case search.Envelope():
            return key.field, key.text.encode()
        case search.Header():
            return "HEADER", key.field, key.text.encode()
        case search.Body() | search.Text():
            return type(key).__name__.lower(), key.text.encode()
        case search.Dated():
            return key.moment.value, key.relation.value, _day(key.day)
        case search.All() | search.Recent():
            return (type(key).__name__.upper(),)
    return type(key).__name__.upper(), *(getattr(key, one.name) for one in fields(key))


def _day(day: date) -> str:
    return day.isoformat()


_OURS: dict[type, Callable[[Any], Tree]] = {
    commands.Nothing: lambda _: (),
    commands.Login: lambda given: (given.user.encode(), given.password.encode()),
    commands.Authenticate: lambda given: (given.mechanism, given.initial),
    commands.Mailbox: lambda given: (given.mailbox, *given.use),
    commands.Rename: lambda given: (given.source, given.target),
    commands.Select: lambda given: (given.mailbox,),
    listing.List: lambda given: (given.reference, _after(given)),
    listing.Status: lambda given: (given.mailbox, given.items),
    commands.Copy: lambda given: (_our_set(given.messages), given.mailbox),
    commands.Store: lambda given: (
        _our_set(given.messages),
        given.mode,
        given.silent,
        tuple(flag.removeprefix("\\") for flag in given.flags),
    ),
    Fetch: _our_fetch,
    search.Search: lambda given: (_our_key(given.key),),
    sorting.Sort: lambda given: (
        tuple((one.reverse, one.key) for one in given.criteria),
        _our_key(given.search.key),
    ),
    sorting.Thread: lambda given: (given.algorithm, _our_key(given.search.key)),
    commands.UidExpunge: lambda given: (_our_set(given.messages),),
    commands.Enable: lambda given: (given.capabilities,),
    commands.Identity: lambda given: (
        None
        if given.fields is None
        else tuple((field.encode(), None if value is None else value.encode()) for field, value in given.fields),
    ),
    extensions.Compress: lambda given: (given.mechanism,),
    quota.GetQuota: lambda given: (given.root.encode(),),
    quota.GetQuotaRoot: lambda given: (given.mailbox,),
    quota.SetQuota: lambda given: (given.root.encode(), given.resources),
    metadata.GetMetadata: lambda given: (given.mailbox, tuple(one.encode() for one in given.entries)),
    metadata.SetMetadata: lambda given: (given.mailbox, tuple((one.encode(), value) for one, value in given.values)),
}


def _after(given: listing.List) -> str:
    """The pattern without the reference, which ours has joined."""
    (pattern,) = given.patterns
    return pattern.removeprefix(given.reference)
