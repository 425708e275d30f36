"""Commands of RFC 3501 and of the extensions that the other parser knows: right, nearly right, and damaged."""

from hypothesis import strategies as st

Octets = st.SearchStrategy[bytes]


def _join(*parts: Octets) -> Octets:
    return st.tuples(*parts).map(b"".join)


def _word(*words: str) -> Octets:
    """One of the words, in any case."""
    spelled = st.sampled_from([word.encode() for word in words])
    return st.tuples(spelled, st.sampled_from((bytes.upper, bytes.upper, bytes.lower, bytes.title))).map(
        lambda pair: pair[1](pair[0])
    )


def _listed(inner: Octets, least: int = 1, most: int = 3) -> Octets:
    return st.lists(inner, min_size=least, max_size=most).map(lambda some: b"(" + b" ".join(some) + b")")


_literal = st.binary(max_size=6).map(lambda octets: b"{%d+}\r\n%b" % (len(octets), octets.replace(b"\0", b"_")))
_ascii = st.text(alphabet='ab Z09%*(){\\"]&-/\x7f\t', max_size=6).map(str.encode)
_quoted = _ascii.map(lambda text: b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"')
_atom = st.sampled_from(
    (b"a", b"Xy.z", b"inbox", b"$Label1", b"a/b", b"1", b"+x", b"[x", b"nil", b"a]b", b"&AOk-", b"~p")
)
_astring = _atom | _quoted | _literal
_number = st.sampled_from((b"0", b"1", b"2", b"17", b"4294967295", b"4294967296", b"007", b"99999999999"))
_bound = st.sampled_from((b"1", b"2", b"3", b"5", b"39", b"4294967295", b"*", b"0"))
_range = _bound | _join(_bound, st.just(b":"), _bound)
_set = st.lists(_range, min_size=1, max_size=3).map(b",".join)
_flag = st.sampled_from(
    (b"\\Seen", b"\\deleted", b"\\Flagged", b"$Junk", b"x", b"X", b"\\Recent", b"\\Other", b"\\*", b"a]")
)
_flags = _listed(_flag, 0) | st.lists(_flag, min_size=1, max_size=3).map(b" ".join)
_day = st.sampled_from((b"1-Jan-2020", b"01-Feb-2021", b'"31-Dec-1999"', b"30-Feb-2020", b"1-jan-2020", b" 1-Jan-2020"))
_moment = st.sampled_from(
    (
        b'" 1-Feb-2020 10:11:12 -0700"',
        b'"17-Jul-1996 02:44:25 +0000"',
        b'"1-Feb-2020 10:11:12 +0000"',
        b'"31-Feb-2020 00:00:00 +0000"',
    )
)
_part = st.sampled_from((b"1", b"1.2", b"3.10.1", b"0", b"01"))
_fields = _listed(st.sampled_from((b"Subject", b"x-y", b'"From"', b"{2+}\r\nTo", b"a:b", b'""')))
_text = _word("HEADER", "TEXT", "MIME", "HEADERS") | _join(
    _word("HEADER.FIELDS", "HEADER.FIELDS.NOT"), st.just(b" "), _fields
)
_section = st.just(b"") | _part | _text | _join(_part, st.just(b"."), _text)
_partial = st.just(b"") | st.sampled_from((b"<0.5>", b"<17.4294967295>", b"<1>", b"<0.0>", b"<4294967296.1>"))
_body = _join(_word("BODY", "BODY.PEEK"), st.just(b"["), _section, st.just(b"]"), _partial)
_binary = _join(
    _word("BINARY", "BINARY.PEEK", "BINARY.SIZE"), st.just(b"["), st.just(b"") | _part, st.just(b"]"), _partial
)
_item = _body | _binary | _word(
    "FLAGS", "UID", "ENVELOPE", "INTERNALDATE", "RFC822", "RFC822.SIZE", "RFC822.HEADER", "RFC822.TEXT", "BODY",
    "BODYSTRUCTURE", "MODSEQ", "ALL", "NOTHING",
)  # fmt: skip
_items = _word("ALL", "FAST", "FULL") | _item | _listed(_item)
_plain = _word(
    "ALL", "ANSWERED", "DELETED", "DRAFT", "FLAGGED", "SEEN", "NEW", "OLD", "RECENT", "UNANSWERED", "UNDELETED",
    "UNDRAFT", "UNFLAGGED", "UNSEEN", "NEVER",
)  # fmt: skip
_space = st.just(b" ")
_leaf = (
    _plain
    | _set
    | _join(_word("FROM", "TO", "CC", "BCC", "SUBJECT", "BODY", "TEXT"), _space, _astring)
    | _join(_word("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"), _space, _day)
    | _join(_word("LARGER", "SMALLER"), _space, _number)
    | _join(_word("KEYWORD", "UNKEYWORD"), _space, _flag)
    | _join(_word("HEADER"), _space, _astring, _space, _astring)
    | _join(_word("UID"), _space, _set)
)
_key = st.recursive(
    _leaf,
    lambda inner: (
        _join(_word("NOT"), _space, inner) | _join(_word("OR"), _space, inner, _space, inner) | _listed(inner, 1, 3)
    ),
    max_leaves=4,
)
_keys = st.lists(_key, min_size=1, max_size=3).map(b" ".join)
_charset = st.just(b"") | _join(
    _word("CHARSET"), _space, st.sampled_from((b"UTF-8", b"us-ascii", b'"UTF-8"', b"X-ODD")), _space
)
_criteria = _listed(
    _word("DATE", "ARRIVAL", "CC", "REVERSE DATE", "SIZE", "DISPLAYFROM", "REVERSE REVERSE DATE", "NAME")
)
_status = _listed(
    _word("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "DELETED", "DELETED-STORAGE", "SIZE", "OTHER")
)
_pattern = _astring | st.sampled_from((b"*", b"%", b"a/%", b"*]", b"%*", b"(x"))
_uid = st.sampled_from((b"", b"", b"UID ", b"uid "))
_entry = st.sampled_from((b"/shared/comment", b"/private/a", b'"/shared/x"', b"shared", b"/a*", b"/A/B"))
_message = st.binary(min_size=1, max_size=5).map(lambda octets: b"{%d+}\r\n%b" % (len(octets), octets))
_limit = _join(_word("STORAGE", "MESSAGE", "X"), _space, _number)
_response = st.sampled_from((b"", b" =", b" dGVzdA==", b" dGVzdA=", b" *", b" ="))

COMMANDS: dict[str, Octets] = {
    "bare": _word(
        "CAPABILITY", "NOOP", "LOGOUT", "STARTTLS", "CHECK", "CLOSE", "UNSELECT", "EXPUNGE", "IDLE", "NAMESPACE", "FROB"
    ),
    "login": _join(_word("LOGIN"), _space, _astring, _space, _astring),
    "authenticate": _join(_word("AUTHENTICATE"), _space, st.sampled_from((b"PLAIN", b"login", b"X-A")), _response),
    "mailbox": _join(
        _word("SELECT", "EXAMINE", "CREATE", "DELETE", "SUBSCRIBE", "UNSUBSCRIBE", "GETQUOTAROOT"), _space, _astring
    ),
    "rename": _join(_word("RENAME"), _space, _astring, _space, _astring),
    "list": _join(_word("LIST", "LSUB"), _space, _astring, _space, _pattern),
    "status": _join(_word("STATUS"), _space, _astring, _space, _status),
    "append": _join(
        _word("APPEND"), _space, _astring, _space, st.just(b"") | _join(_listed(_flag, 0), _space),
        st.just(b"") | _join(_moment, _space), _message,
    ),
    "store": _join(
        _uid, _word("STORE"), _space, _set, _space,
        _word("FLAGS", "+FLAGS", "-FLAGS", "FLAGS.SILENT", "+FLAGS.SILENT", "-FLAGS.SILENT", "FLAG"), _space, _flags,
    ),
    "copy": _join(_uid, _word("COPY", "MOVE"), _space, _set, _space, _astring),
    "expunge": _join(_word("UID EXPUNGE"), _space, _set),
    "fetch": _join(_uid, _word("FETCH"), _space, _set, _space, _items),
    "search": _join(_uid, _word("SEARCH"), _space, _charset, _keys),
    "sort": _join(_uid, _word("SORT"), _space, _criteria, _space, st.sampled_from((b"UTF-8", b"X-ODD")), _space, _keys),
    "thread": _join(
        _uid, _word("THREAD"), _space, _word("REFERENCES", "ORDEREDSUBJECT", "REFS", "NONE"), st.just(b" UTF-8 "), _keys
    ),
    "enable": _join(_word("ENABLE"), _space, st.lists(_atom, min_size=1, max_size=3).map(b" ".join)),
    "id": _join(_word("ID"), _space, st.just(b"NIL") | _listed(_join(_quoted, _space, _quoted | st.just(b"NIL")), 0)),
    "quota": _join(_word("GETQUOTA"), _space, _astring)
    | _join(_word("SETQUOTA"), _space, _astring, _space, _listed(_limit, 0)),
    "metadata": _join(_word("GETMETADATA"), _space, _astring, _space, _entry | _listed(_entry))
    | _join(
        _word("SETMETADATA"), _space, _astring, _space,
        _listed(_join(_entry, _space, _quoted | _literal | st.sampled_from((b"NIL", b"~{2+}\r\n\0a", b"x")))),
    ),
    "compress": _join(_word("COMPRESS"), _space, st.sampled_from((b"DEFLATE", b"deflate", b"ZSTD"))),
}  # fmt: skip

_STRAY = st.sampled_from(
    (b" ", b"  ", b"(", b")", b'"', b"\\", b"*", b"%", b"]", b"{3+}\r\nabc", b"{3}", b"NIL", b",", b":", b"\0", b"\xff",
     b"\r", b"")
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A command with a cut, a graft of another or a stray token, perhaps two."""
    octets = draw(commands)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(octets)))
        rest = octets[draw(st.integers(at, min(len(octets), at + 3))) :]
        octets = octets[:at] + draw(_STRAY) + rest
    return octets


commands: Octets = st.one_of(*COMMANDS.values())
