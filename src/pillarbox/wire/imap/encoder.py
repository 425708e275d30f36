"""How a server's answers are spelled: whole lines as `bytes`, to be joined and sent together (RFC 9051 §7)."""

from collections.abc import Iterable, Mapping, Sequence

from pillarbox.wire.imap.dates import spell_date_time
from pillarbox.wire.imap.sets import spell_set
from pillarbox.wire.imap.spelling import NIL, flag_list, mailbox, nstring, parenthesised, string

Value = int | str | bytes
"""An argument of a response code or a STATUS item: a number, an atom, or octets that are spelled already."""

_PREVIEW = 200  # characters, RFC 8970 §3.3


def _spelled(value: Value) -> bytes:
    if isinstance(value, bytes):
        return value
    return b"%d" % value if isinstance(value, int) else value.encode("ascii")


def code(name: str, *values: Value) -> bytes:
    """A response code without its brackets: code("UIDNEXT", 5) is `UIDNEXT 5` (RFC 9051 §7.1)."""
    return b" ".join((name.encode("ascii"), *map(_spelled, values)))


def append_uid(validity: int, uids: Sequence[int]) -> bytes:
    """Response code: where APPEND put its messages (RFC 4315 §3, RFC 3502 §6.4)."""
    return b"APPENDUID %d %b" % (validity, spell_set(uids))


def copy_uid(validity: int, sources: Sequence[int], targets: Sequence[int]) -> bytes:
    """Response code: the UIDs copied and those they became, pair by pair (RFC 4315 §3)."""
    return b"COPYUID %d %b %b" % (validity, spell_set(sources), spell_set(targets))


def permanent_flags(flags: Iterable[str]) -> bytes:
    """Response code: the flags a client may change for good; `\\*` says that it may invent keywords."""
    return b"PERMANENTFLAGS " + flag_list(flags)


def modified(numbers: Sequence[int]) -> bytes:
    """Response code: messages that STORE UNCHANGEDSINCE left alone (RFC 7162 §3.1.3)."""
    return b"MODIFIED " + spell_set(numbers)


def tagged(tag: bytes, status: str, text: str, code: bytes | str = b"") -> bytes:
    """The answer that ends a command: OK, NO or BAD."""
    return b"%b %b" % (tag, condition(status, text, code))


def untagged(status: str, text: str, code: bytes | str = b"") -> bytes:
    """An untagged OK, NO, BAD, BYE or PREAUTH."""
    return b"* " + condition(status, text, code)


def condition(status: str, text: str, code: bytes | str = b"") -> bytes:
    """`status [code] text` and the line's end. `text` is not empty and has no line end (RFC 9051 §9 resp-text)."""
    bracketed = b"[%b] " % _spelled(code) if code else b""
    return b"%b %b%b\r\n" % (status.encode("ascii"), bracketed, text.encode("ascii", "replace"))


def continuation(text: bytes = b"OK") -> bytes:
    """`+` and a text: the client may go on; a base64 challenge in AUTHENTICATE may be empty."""
    return b"+ %b\r\n" % text


def capability(names: Iterable[str]) -> bytes:
    """`* CAPABILITY …`; IMAP4rev1 or IMAP4rev2 is among the names."""
    return b"* CAPABILITY %b\r\n" % " ".join(names).encode("ascii")


def enabled(names: Iterable[str]) -> bytes:
    """`* ENABLED …` (RFC 5161 §3.2)."""
    return b"* " + b" ".join((b"ENABLED", *(name.encode("ascii") for name in names))) + b"\r\n"


def exists(count: int) -> bytes:
    """`* n EXISTS`."""
    return b"* %d EXISTS\r\n" % count


def recent(count: int) -> bytes:
    """`* n RECENT` (RFC 3501 §7.3.2)."""
    return b"* %d RECENT\r\n" % count


def expunge(number: int) -> bytes:
    """`* n EXPUNGE`."""
    return b"* %d EXPUNGE\r\n" % number


def flags(names: Iterable[str]) -> bytes:
    """`* FLAGS (…)`: the flags that are in use in the mailbox."""
    return b"* FLAGS %b\r\n" % flag_list(names)


def list_mailbox(
    name: str,
    attributes: Iterable[str],
    *,
    verb: str = "LIST",
    child_info: Sequence[str] = (),
    old_name: str | None = None,
    utf8: bool = False,
) -> bytes:
    """`* LIST (\\HasChildren) "/" name`, or LSUB. An empty name answers the question for the separator.

    `child_info` are the selection options that a child matched, for RECURSIVEMATCH (RFC 5258 §3.5). `old_name` is what
    the mailbox was called before (RFC 5465 §5.4, RFC 9051 §6.3.9.7).
    """
    items = []
    if child_info:
        items.append(b'"CHILDINFO" (%b)' % b" ".join(string(option.encode()) for option in child_info))
    if old_name is not None:
        items.append(b'"OLDNAME" (%b)' % mailbox(old_name, utf8))
    extended = b" " + parenthesised(items) if items else b""
    return b'* %b %b "/" %b%b\r\n' % (verb.encode("ascii"), flag_list(attributes), mailbox(name, utf8), extended)


def status(name: str, items: Mapping[str, Value], utf8: bool = False) -> bytes:
    """`* STATUS name (MESSAGES 3 …)`, items in the order given."""
    pairs = parenthesised(b"%b %b" % (item.encode("ascii"), _spelled(value)) for item, value in items.items())
    return b"* STATUS %b %b\r\n" % (mailbox(name, utf8), pairs)


def search(numbers: Sequence[int], modseq: int | None = None) -> bytes:
    """`* SEARCH 2 3 6`; with the highest mod-sequence of those found if MODSEQ was asked for (RFC 7162 §3.1.5)."""
    found = "".join(map(" %d".__mod__, numbers)).encode("ascii")
    return b"* SEARCH%b%b\r\n" % (found, b" (MODSEQ %d)" % modseq if modseq is not None and numbers else b"")


def esearch(
    tag: bytes, numbers: Sequence[int], returns: Iterable[str], *, uid: bool = False, modseq: int | None = None
) -> bytes:
    """`* ESEARCH (TAG "a1") UID MIN 2 ALL 2:5 COUNT 4` of ascending numbers (RFC 4731 §3.1).

    `returns` are of MIN, MAX, ALL and COUNT; all but COUNT are left out when nothing was found.
    """
    pieces = [b'* ESEARCH (TAG "%b")' % tag]
    if uid:
        pieces.append(b"UID")
    wanted = frozenset(returns)
    if numbers and "MIN" in wanted:
        pieces.append(b"MIN %d" % numbers[0])
    if numbers and "MAX" in wanted:
        pieces.append(b"MAX %d" % numbers[-1])
    if numbers and "ALL" in wanted:
        pieces.append(b"ALL " + spell_set(numbers))
    if "COUNT" in wanted:
        pieces.append(b"COUNT %d" % len(numbers))
    if numbers and modseq is not None:
        pieces.append(b"MODSEQ %d" % modseq)
    return b" ".join(pieces) + b"\r\n"


def fetch(number: int, pieces: Iterable[bytes]) -> bytes:
    """`* n FETCH (…)` of items that are spelled already (`UID 7`, `FLAGS (\\Seen)`, ENVELOPE from the store, …)."""
    return b"* %d FETCH (%b)\r\n" % (number, b" ".join(pieces))


def uid_fetch(uid: int, pieces: Iterable[bytes]) -> bytes:
    """`* uid UIDFETCH (…)`, what FETCH is after ENABLE UIDONLY (RFC 9586 §3)."""
    return b"* %d UIDFETCH (%b)\r\n" % (uid, b" ".join(pieces))


FETCH_CLOSE = b")\r\n"
"""The end of a FETCH response whose items were sent one by one."""


def textual(octets: bytes) -> bytes:
    """The octets with NUL, which a plain literal may not hold, made 0x80 (RFC 3501 §4.3.1, RFC 9051 §4.3.1).

    A message with NUL can only be had whole by BINARY.
    """
    return octets.replace(b"\0", b"\x80")


def body(label: bytes, octets: bytes | None) -> bytes:
    """One FETCH item of octets: always a literal, or NIL for a part that is not there."""
    return b"%b NIL" % label if octets is None else b"%b {%d}\r\n%b" % (label, len(octets), textual(octets))


def announce(label: bytes, size: int, *, binary: bool = False) -> bytes:
    """The start of a FETCH item whose octets follow: those of a literal8 if `binary`."""
    return b"%b %b{%d}\r\n" % (label, b"~" if binary else b"", size)


def binary(label: bytes, octets: bytes | None) -> bytes:
    """One BINARY item: a literal8 where there is a NUL, else a literal, or NIL (RFC 3516 §4.3)."""
    if octets is None or b"\0" not in octets:
        return body(label, octets)
    return b"%b ~{%d}\r\n%b" % (label, len(octets), octets)


def preview(text: str | None, utf8: bool = False) -> bytes:
    """The PREVIEW item of a FETCH answer, of 200 characters at most; NIL where it is not at hand (RFC 8970 §3.2, §3.3).

    `utf8` allows it in quotes (RFC 6855 §3).
    """
    if text is not None and len(text) > _PREVIEW:
        text = text[: _PREVIEW - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"
    return b"PREVIEW " + nstring(None if text is None else text.encode(), utf8)


def save_date(seconds: int | None) -> bytes:
    """The SAVEDATE item of a FETCH answer, of seconds since 1970 (RFC 8514 §4.2)."""
    return b"SAVEDATE " + (NIL if seconds is None else spell_date_time(seconds))


def jmap_access(url: str) -> bytes:
    """`* JMAPACCESS "https://…"`: where the same mail is reached by JMAP (RFC 9698 §3)."""
    return b"* JMAPACCESS %b\r\n" % string(url.encode())


def namespace(
    personal: Sequence[str], other: Sequence[str] = (), shared: Sequence[str] = (), utf8: bool = False
) -> bytes:
    """`* NAMESPACE (("" "/")) NIL NIL` of the prefixes of each kind (RFC 2342 §5)."""
    return b"* NAMESPACE %b\r\n" % b" ".join(_prefixes(kind, utf8) for kind in (personal, other, shared))


def _prefixes(prefixes: Sequence[str], utf8: bool) -> bytes:
    return b"(%b)" % b"".join(b'(%b "/")' % mailbox(prefix, utf8) for prefix in prefixes) if prefixes else NIL


def identity(fields: Mapping[str, str | None]) -> bytes:
    """`* ID ("name" "Pillarbox")`, NIL for nothing to say (RFC 2971 §3.2)."""
    spelled = [
        string(field.encode()) + b" " + nstring(None if value is None else value.encode())
        for field, value in fields.items()
    ]
    return b"* ID %b\r\n" % (parenthesised(spelled) if spelled else NIL)
