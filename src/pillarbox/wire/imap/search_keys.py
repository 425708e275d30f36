"""From the octets of SEARCH to its tree: one table, key → how its arguments are read."""

from collections.abc import Callable
from dataclasses import replace

from pillarbox.core import limits
from pillarbox.wire.imap import search as values
from pillarbox.wire.imap.dates import match_date
from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.flags import parse_keyword
from pillarbox.wire.imap.reader import Reader, as_text
from pillarbox.wire.imap.search import HasFlag, Key, Moment, Not, Relation
from pillarbox.wire.imap.search_returns import Returns, clearing, parse_returns
from pillarbox.wire.imap.sets import HIGHEST, NOTHING, SequenceSet

_RETURN_ALL = Returns(frozenset({"ALL"}))
_FIRST_OF_SET = frozenset(b"0123456789*$")
_SAVED_SETS = 4  # times that `$` may stand in one search


class _Keys:
    """Reads keys in one charset, and remembers whether MODSEQ or FUZZY was among them."""

    __slots__ = ("codec", "count", "fuzzy", "modseq", "parts", "reader")

    def __init__(self, reader: Reader, codec: str) -> None:
        self.reader = reader
        self.codec = codec
        self.count = self.parts = 0
        self.modseq = self.fuzzy = False

    def program(self, depth: int, closing: bytes = b"") -> Key:
        """One or more keys, all of which must match, up to `closing`."""
        keys = [self.key(depth)]
        while not (closing and self.reader.at(closing)) and self.reader.skip(b" "):
            if not closing and self.reader.pos == len(self.reader.text):
                break
            keys.append(self.key(depth))
        return keys[0] if len(keys) == 1 else values.And(tuple(keys))

    def key(self, depth: int) -> Key:
        """One key, `depth` operators or parentheses deep."""
        reader = self.reader
        self.count += 1
        if depth > limits.IMAP_NESTING or self.count > limits.IMAP_SEARCH_KEYS:
            raise WireError("too many search keys, or nested too deep", code="LIMIT", status="NO")
        if reader.skip(b"("):
            inner = self.program(depth + 1, b")")
            reader.expect(b")")
            return inner
        if reader.pos < len(reader.text) and reader.text[reader.pos] in _FIRST_OF_SET:
            return values.Numbers(self.set())
        name = reader.word()
        plain = _PLAIN.get(name)
        if plain is not None:
            return plain
        parse = _WITH_ARGUMENTS.get(name)
        if parse is None:
            raise WireError("unknown search key")
        reader.space()
        return parse(self, depth + 1)

    def set(self) -> SequenceSet:
        """A sequence set; all of them together are bounded as one is. `$` may stand for very many parts."""
        start = self.reader.pos
        found = self.reader.sequence_set()
        spelled = 1 + self.reader.text.count(b",", start, self.reader.pos)
        self.parts += limits.IMAP_SET_PARTS // _SAVED_SETS if found.saved else spelled
        if self.parts > limits.IMAP_SET_PARTS:
            raise WireError("too many parts in the sequence sets", code="LIMIT", status="NO")
        return found

    def text(self) -> str:
        """A string to look for."""
        return as_text(self.reader.astring(), self.codec)


def parse_search(reader: Reader, uid: bool = False, extended: bool = False) -> values.Search:
    """`[SP RETURN SP (options)] SP [CHARSET SP charset SP] keys`. With `extended` a missing RETURN asks for ALL."""
    reader.space()
    returns = parse_returns(reader) or (_RETURN_ALL if extended else None)
    with clearing(returns):
        labelled = reader.ahead(b"CHARSET ")
        codec = parse_charset(reader) if labelled else "utf-8"
        if labelled:
            reader.space()
        return replace(parse_program(reader, codec, returns, uid=uid), labelled=labelled)


def parse_program(
    reader: Reader, codec: str, returns: Returns | None, *, uid: bool, by_relevancy: bool = False
) -> values.Search:
    """The keys, with what has been read before them; `by_relevancy` if SORT asks for that order."""
    keys = _Keys(reader, codec)
    key = keys.program(0)
    if returns is None:
        search = values.Search(key, None, keys.modseq, uid)
    else:
        search = values.Search(key, returns.options, keys.modseq, uid, returns.partial, returns.update)
        by_relevancy = by_relevancy or "RELEVANCY" in returns.options
    if by_relevancy and not keys.fuzzy:  # RFC 6203 §4, §6
        raise WireError("RELEVANCY needs a FUZZY key")
    return search


def parse_charset(reader: Reader) -> str:
    """The codec of the charset that is named. WireError, BADCHARSET, for one we do not have."""
    name = reader.astring().upper()
    codec = values.CHARSETS.get(name)
    if codec is None:
        raise WireError("charset not supported", code="BADCHARSET (US-ASCII UTF-8)", status="NO")
    return codec


def _header(keys: _Keys, _depth: int) -> Key:
    field = as_text(keys.reader.astring(), "ascii").lower()
    keys.reader.space()
    return values.Header(field, keys.text())


def _address(field: str) -> "_Parser":
    return lambda keys, _depth: values.Envelope(field, keys.text())


def _dated(moment: Moment, relation: Relation) -> "_Parser":
    def parse(keys: _Keys, _depth: int) -> Key:
        day, keys.reader.pos = match_date(keys.reader.text, keys.reader.pos)
        return values.Dated(moment, relation, day)

    return parse


def _or(keys: _Keys, depth: int) -> Key:
    left = keys.key(depth)
    keys.reader.space()
    return values.Or(left, keys.key(depth))


def _modseq(keys: _Keys, _depth: int) -> Key:
    reader = keys.reader
    if reader.at(b'"'):  # RFC 7162 §3.1.5: "/flags/…" and priv, shared or all may stand before the value
        if not reader.string().lower().startswith(b"/flags/"):
            raise WireError("unknown MODSEQ entry")
        reader.space()
        if reader.word() not in (b"PRIV", b"SHARED", b"ALL"):
            raise WireError("unknown MODSEQ entry type")
        reader.space()
    keys.modseq = True
    return values.ModseqSince(reader.number())


def _fuzzy(keys: _Keys, depth: int) -> Key:
    keys.fuzzy = True
    return values.Fuzzy(keys.key(depth))


def _uids_from(first: int, last: int) -> Key:
    return values.Uids(SequenceSet(((first, last),)) if first <= last else NOTHING)


_Parser = Callable[[_Keys, int], Key]

_SEEN, _RECENT = HasFlag("\\Seen"), values.Recent()
_FLAGS = {name.upper().encode(): HasFlag("\\" + name) for name in ("Answered", "Deleted", "Draft", "Flagged", "Seen")}
_PLAIN: dict[bytes, Key] = {
    b"ALL": values.All(),
    b"SAVEDATESUPPORTED": values.SaveDateSupported(),
    b"RECENT": _RECENT,
    b"OLD": Not(_RECENT),
    b"NEW": values.And((_RECENT, Not(_SEEN))),
    **_FLAGS,
    **{b"UN" + name: Not(flag) for name, flag in _FLAGS.items()},
}
_DATES = ((b"", Moment.INTERNAL), (b"SENT", Moment.SENT), (b"SAVED", Moment.SAVED))
_WITH_ARGUMENTS: dict[bytes, _Parser] = {
    b"KEYWORD": lambda keys, _: HasFlag(parse_keyword(keys.reader.atom())),
    b"UNKEYWORD": lambda keys, _: Not(HasFlag(parse_keyword(keys.reader.atom()))),
    **{name.upper().encode(): _address(name) for name in ("from", "to", "cc", "bcc", "subject")},
    b"HEADER": _header,
    b"BODY": lambda keys, _: values.Body(keys.text()),
    b"TEXT": lambda keys, _: values.Text(keys.text()),
    **{prefix + relation.name.encode(): _dated(moment, relation) for prefix, moment in _DATES for relation in Relation},
    b"LARGER": lambda keys, _: values.Larger(keys.reader.number()),
    b"SMALLER": lambda keys, _: values.Smaller(keys.reader.number()),
    b"YOUNGER": lambda keys, _: values.Younger(keys.reader.number(smallest=1)),
    b"OLDER": lambda keys, _: values.Older(keys.reader.number(smallest=1)),
    b"UID": lambda keys, _: values.Uids(keys.set()),
    b"UIDAFTER": lambda keys, _: _uids_from(keys.reader.number(HIGHEST, smallest=1) + 1, HIGHEST),  # RFC 9738 §3.2
    b"UIDBEFORE": lambda keys, _: _uids_from(1, keys.reader.number(HIGHEST, smallest=1) - 1),
    b"FUZZY": _fuzzy,
    b"MODSEQ": _modseq,
    b"EMAILID": lambda keys, _: values.EmailId(keys.reader.atom().decode("ascii")),
    b"THREADID": lambda keys, _: values.ThreadId(keys.reader.atom().decode("ascii")),
    b"NOT": lambda keys, depth: Not(keys.key(depth)),
    b"OR": _or,
}
