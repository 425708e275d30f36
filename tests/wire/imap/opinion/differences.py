"""Where we read a command otherwise than imap-codec does: who is right by which RFC, and why we differ."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from tests.wire.imap.opinion.readings import BAD, MORE, NAMELESS, Reading

Test = Callable[[bytes, Reading, Reading], bool]
"""Of the command as it was sent, what we made of it, and what they did."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`example` shows it, `accounts_for` tells whether it is what made two readings differ."""

    what: str
    source: str
    why: str
    example: bytes
    accounts_for: Test


def _only_we(pattern: bytes) -> Test:
    """We take what they refuse, and this is in it."""
    found = re.compile(pattern, re.IGNORECASE | re.DOTALL).search
    return lambda octets, ours, theirs: ours not in (BAD, MORE) and theirs == BAD and found(octets) is not None


def _only_they(pattern: bytes) -> Test:
    """They take what we refuse, and this is in it."""
    found = re.compile(pattern, re.IGNORECASE | re.DOTALL).search
    return lambda octets, ours, theirs: ours == BAD and theirs not in (BAD, MORE) and found(octets) is not None


def _not_text(octets: bytes, ours: Reading, theirs: Reading) -> bool:
    try:
        octets.decode()
    except UnicodeDecodeError:
        return ours == BAD and theirs not in (BAD, MORE)
    return False


def _slash(octets: bytes, ours: Reading, theirs: Reading) -> bool:
    return (
        ours[0] in ("CREATE", "RENAME")
        and ours[0] == theirs[0]
        and ours[-1] == str(theirs[-1]).removesuffix("/")
        and ours[1:-1] == theirs[1:-1]
    )


def _pattern(octets: bytes, ours: Reading, theirs: Reading) -> bool:
    return ours[0] in ("LIST", "LSUB") and theirs == NAMELESS


_FLAG = rb"(?:\(|[ (][^()\r\n]* )\\(?!(?:Seen|Answered|Flagged|Deleted|Draft)[ )\r])"

DIFFERENCES = (
    Difference(
        "a mailbox name that is not modified UTF-7, or has a control character",
        "RFC 3501 §5.1.3, RFC 9051 §5.1",
        "We are right to answer BAD or NO: such octets name no mailbox; they take a name for any string.",
        b'SELECT "&"',
        lambda octets, ours, theirs: ours == BAD and theirs == NAMELESS,
    ),
    Difference(
        "a LIST pattern that is not modified UTF-7",
        "RFC 3501 §6.3.8",
        "Both take it; it may end in the middle of a name (`&AO*`), and ours then keeps it as it stands.",
        b'LIST "" "&%"',
        _pattern,
    ),
    Difference(
        "the separator at the end of a name to be made",
        "RFC 3501 §6.3.3, RFC 9051 §6.3.4",
        "Both take it; it declares that names will be made below, and is no part of the name itself.",
        b"CREATE a/",
        _slash,
    ),
    Difference(
        "octets that are not UTF-8 where text is meant",
        "RFC 9051 §4.3, §6.4.4; RFC 4315 and RFC 9208 by their use of astring for names",
        "We are right for IMAP4rev2, where strings are UTF-8; no login, word or name of ours could be of other octets.",
        b"LOGIN {1+}\r\n\xff x",
        _not_text,
    ),
    Difference(
        "system flags that a client may not set",
        "RFC 3501 §2.3.2, §6.4.6; RFC 9051 §2.3.2",
        "By the grammar they are right; \\Recent is the server's alone and no others are defined: BAD.",
        b"STORE 1 FLAGS (\\Recent)",
        _only_they(rb"(?:APPEND|STORE) .*" + _FLAG),
    ),
    Difference(
        "a part or message number that begins with a nought",
        "RFC 3501 §9 (nz-number in section-part and seq-number)",
        "We are right: nz-number begins with digit-nz.",
        b"FETCH 1 BODY[01]",
        _only_they(rb"(?:FETCH|STORE|COPY|MOVE|EXPUNGE|SEARCH|SORT|THREAD) .*(?<![0-9])0[0-9]"),
    ),
    Difference(
        "a header field name that cannot be one",
        "RFC 3501 §9 (header-fld-name), RFC 5322 §2.2",
        "By the grammar they are right (astring); no message can have such a field, and we spell names in the answer.",
        b'FETCH 1 BODY[HEADER.FIELDS ("")]',
        _only_they(rb"HEADER\.FIELDS"),
    ),
    Difference(
        "partial ranges and sizes above 32 bits",
        "RFC 9051 §9 (number64 in partial-range, LARGER, SMALLER)",
        "We are right for IMAP4rev2; theirs are IMAP4rev1's 32 bits.",
        b"FETCH 1 BODY[]<4294967296.1>",
        _only_we(rb"[0-9]{10,}"),
    ),
    Difference(
        "items, keys and commands that they do not know",
        "RFC 7162 §3.1.5 (MODSEQ), RFC 8438 (SIZE), RFC 2342 (NAMESPACE), RFC 4978 (other mechanisms)",
        "We are right: these are extensions we have; another mechanism of COMPRESS is answered NO, not BAD.",
        b"NAMESPACE",
        _only_we(rb"NAMESPACE|MODSEQ|\(.*SIZE|COMPRESS "),
    ),
    Difference(
        "a charset we do not have",
        "RFC 3501 §6.4.4, RFC 5256 §3",
        "Both are right: it is answered NO [BADCHARSET] while it is read, before its words are looked at.",
        b"SEARCH CHARSET X-ODD ALL",
        _only_they(rb"X-ODD|CHARSET "),
    ),
    Difference(
        "threading algorithms and sort keys we do not have",
        "RFC 5256 §3, §5",
        "Both are right: they keep any word, we answer BAD to those that were not offered.",
        b"THREAD NONE UTF-8 ALL",
        _only_they(rb"(?:SORT|THREAD) "),
    ),
    Difference(
        "resources we do not count, or one named twice",
        "RFC 9208 §4.1.3, §5",
        "Both are right: they keep any word, we refuse what could not be obeyed.",
        b'SETQUOTA "" (X 1)',
        _only_they(rb"SETQUOTA "),
    ),
    Difference(
        "names of METADATA entries outside /private and /shared, or with characters that they may not have",
        "RFC 5464 §3.1, §3.2",
        "We are right: the names MUST begin with one of the two.",
        b'GETMETADATA "" shared',
        _only_they(rb"(?:GET|SET)METADATA "),
    ),
    Difference(
        "NUL in the octets of a message",
        "RFC 3501 §9 (CHAR8), RFC 3516 §4.4",
        "They are right; our decoder streams the octets and the server then answers BAD, as theirs does at once.",
        b"APPEND x {1+}\r\n\0",
        _only_we(rb"APPEND .*\0"),
    ),
    Difference(
        "a date-time whose day has one digit and no space before it",
        "RFC 3501 §9 (date-day-fixed)",
        "They are right; clients write it so, and nothing else can be meant.",
        b'APPEND x "1-Feb-2020 10:11:12 +0000" {1+}\r\ny',
        _only_we(rb'APPEND .*"[1-9]-'),
    ),
    Difference(
        "a bad command with a literal that is on its way",
        "RFC 7888 §4",
        "We are right: the octets come whatever is answered, so they are dropped before the answer.",
        b"FROB {9+}",
        lambda octets, ours, theirs: ours == MORE and theirs == BAD and b"+}" in octets,
    ),
    Difference(
        "base64 with bits left over",
        "RFC 4648 §3.5",
        "Both are right: a decoder may refuse them.",
        b"AUTHENTICATE PLAIN NIL=",
        _only_we(rb"AUTHENTICATE \S+ \S+="),
    ),
    Difference(
        "a space and no initial response",
        "RFC 4959 §3",
        "We are right: an empty response is spelled `=`.",
        b"AUTHENTICATE X-A ",
        _only_they(rb"AUTHENTICATE \S+ \r"),
    ),
    Difference(
        "spaces at the end of a line",
        "RFC 3501 §9",
        "They are right; some clients leave spaces behind, and nothing else can be meant.",
        b"NOOP ",
        _only_we(rb" \r?\n\Z"),
    ),
)
"""The first that accounts for two readings explains them."""


def explained(octets: bytes, ours: Reading, theirs: Reading) -> Difference | None:
    """What makes these readings differ."""
    return next((one for one in DIFFERENCES if one.accounts_for(octets, ours, theirs)), None)
