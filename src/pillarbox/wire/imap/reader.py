"""A cursor over one command: the tokens of RFC 9051 §9, each taken with one regular expression."""

import re
from collections.abc import Callable
from typing import TypeVar

from pillarbox.wire.imap.errors import WireError
from pillarbox.wire.imap.flags import parse_flag
from pillarbox.wire.imap.names import decode_name, decode_pattern
from pillarbox.wire.imap.sets import SequenceSet, match_set

NUMBER64 = (1 << 63) - 1

T = TypeVar("T")

_ATOM_CHAR = rb'[^\x00-\x20\x7f-\xff(){%*"\\\]]'
_ATOM = re.compile(_ATOM_CHAR + rb"+")
_ASTRING = re.compile(rb'[^\x00-\x20\x7f-\xff(){%*"\\]+')
_LIST_MAILBOX = re.compile(rb'[^\x00-\x20\x7f-\xff(){"\\]+')
_WORD = re.compile(rb"[A-Za-z0-9.=/_-]+")
_QUOTED = re.compile(rb'"([^"\\\r\n\x00]*(?:\\["\\][^"\\\r\n\x00]*)*)"')
_ESCAPED = re.compile(rb"\\(.)")
_NUMBER = re.compile(rb"[0-9]{1,19}(?![0-9])")
_FLAG = rb"\\?" + _ATOM_CHAR + rb"+"
_FLAG_LIST = re.compile(rb"\((" + _FLAG + rb"(?: " + _FLAG + rb")*)?\)")
_BARE_FLAGS = re.compile(_FLAG + rb"(?: " + _FLAG + rb")*")
_LITERAL = re.compile(rb"(~?)\{([0-9]{1,19})(\+?)\}\r\n")


class LiteralPending(Exception):
    """The command so far is right and goes on with a literal that has not come yet."""


class Reader:
    """Reads `text`, a command without its last CRLF and with its literals in place (`{5}\\r\\nhello`), from `pos`.

    Every method takes a token or raises WireError. `utf8` tells how mailbox names are spelled (RFC 6855 §3). With
    `unfinished` the text ends in a literal's announcement, and reaching it raises LiteralPending.
    """

    __slots__ = ("pos", "text", "unfinished", "utf8")

    def __init__(self, text: bytes, pos: int = 0, utf8: bool = False, unfinished: bool = False) -> None:
        self.text = text
        self.pos = pos
        self.utf8 = utf8
        self.unfinished = unfinished

    def at(self, octet: bytes) -> bool:
        """Whether `octet` comes next."""
        return self.text[self.pos : self.pos + 1] == octet

    def skip(self, octets: bytes) -> bool:
        """Takes `octets` if they come next."""
        if self.text.startswith(octets, self.pos):
            self.pos += len(octets)
            return True
        return False

    def ahead(self, words: bytes) -> bool:
        """Takes `words`, which are in upper case, if they come next in any case."""
        end = self.pos + len(words)
        if self.text[self.pos : end].upper() != words:
            return False
        self.pos = end
        return True

    def expect(self, octets: bytes) -> None:
        """Takes `octets`, which must come next."""
        if not self.skip(octets):
            raise WireError(f"{_SPOKEN.get(octets) or repr(octets.decode())} expected")

    def space(self) -> None:
        """Takes exactly one space."""
        if self.text[self.pos : self.pos + 1] != b" ":
            raise WireError("one space expected")
        self.pos += 1

    def end(self) -> None:
        """Nothing may follow, but spaces that some clients leave behind."""
        if self.pos != len(self.text) and self.text[self.pos :].strip(b" "):
            raise WireError("more than the command takes")

    def atom(self) -> bytes:
        """An atom."""
        return self._match(_ATOM, "atom")

    def word(self) -> bytes:
        """A name out of a list of ours (an item, an option, a key), in upper case."""
        return self._match(_WORD, "name").upper()

    def astring(self) -> bytes:
        """An atom (`]` allowed), a quoted string or a literal."""
        found = _ASTRING.match(self.text, self.pos)
        if found is not None:
            self.pos = found.end()
            return found[0]
        return self.string()

    def string(self) -> bytes:
        """A quoted string or a literal."""
        found = _QUOTED.match(self.text, self.pos)
        if found is None:
            return self._literal()
        self.pos = found.end()
        octets = found[1]
        if not octets.isascii():
            as_text(octets)  # RFC 6855 §3: what is not UTF-8 is rejected
        return _ESCAPED.sub(rb"\1", octets) if b"\\" in octets else octets

    def nstring(self) -> bytes | None:
        """A string, or None for NIL."""
        if self.text[self.pos : self.pos + 3].upper() == b"NIL":
            self.pos += 3
            return None
        return self.string()

    def nstring8(self) -> bytes | None:
        """A string, a literal8, which may hold NUL, or None for NIL (RFC 9051 §4.3.1)."""
        if self.text[self.pos : self.pos + 2] == b"~{":
            return self._literal(binary=True)
        return self.nstring()

    def utf8_string(self) -> str:
        """An astring that must be UTF-8."""
        return as_text(self.astring())

    def number(self, largest: int = NUMBER64, smallest: int = 0) -> int:
        """A number from `smallest` to `largest`."""
        value = int(self._match(_NUMBER, "number"))
        if not smallest <= value <= largest:
            raise WireError("number out of range")
        return value

    def sequence_set(self) -> SequenceSet:
        """A sequence set."""
        value, self.pos = match_set(self.text, self.pos)
        return value

    def listed(self, parse: Callable[["Reader"], T]) -> tuple[T, ...]:
        """One or more of what `parse` reads, in parentheses with one space between them."""
        self.expect(b"(")
        values = [parse(self)]
        while self.skip(b" "):
            values.append(parse(self))
        self.expect(b")")
        return tuple(values)

    def mailbox(self) -> str:
        """A mailbox name."""
        return decode_name(self.astring(), self.utf8)

    def list_mailbox(self) -> str:
        """A LIST pattern: a mailbox name with `*` and `%`."""
        found = _LIST_MAILBOX.match(self.text, self.pos)
        if found is None:
            return decode_pattern(self.string(), self.utf8)
        self.pos = found.end()
        return decode_pattern(found[0], self.utf8)

    def flag_list(self) -> tuple[str, ...]:
        """Flags in parentheses, perhaps none, each once."""
        found = _FLAG_LIST.match(self.text, self.pos)
        if found is None:
            raise WireError("flag list expected")
        self.pos = found.end()
        return _flags(found[1] or b"")

    def bare_flags(self) -> tuple[str, ...]:
        """One or more flags without parentheses."""
        return _flags(self._match(_BARE_FLAGS, "flag"))

    def message_literal(self, only_binary: bool = False) -> tuple[int, bool, bool]:
        """The announcement of a literal that ends the text: its size, if it waits for `+`, if it is a literal8.

        `only_binary`: it is that of the data item UTF8.
        """
        found = _LITERAL.match(self.text, self.pos)
        if found is None or found.end() != len(self.text) or (only_binary and not found[1]):
            raise WireError("literal8 expected" if only_binary else "literal expected")
        if only_binary and not self.utf8:  # RFC 6855 §4
            raise WireError("UTF8 needs ENABLE UTF8=ACCEPT", code="CANNOT", status="NO")
        self.pos = found.end()
        return int(found[2]), not found[3], bool(found[1])

    def _literal(self, binary: bool = False) -> bytes:
        found = _LITERAL.match(self.text, self.pos)
        if found is None or (found[1] and not binary):
            raise WireError("string expected")
        start = found.end()
        end = start + int(found[2])
        if self.unfinished and start == len(self.text):
            raise LiteralPending
        octets = self.text[start:end]
        if b"\0" in octets and not binary:  # RFC 9051 §4.3: only literal8 may hold NUL
            raise WireError("NUL in a literal")
        self.pos = end
        return octets

    def _match(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        found = pattern.match(self.text, self.pos)
        if found is None:
            raise WireError(f"{what} expected")
        self.pos = found.end()
        return found[0]


_SPOKEN = {b"(": "opening parenthesis", b")": "closing parenthesis", b"]": "closing bracket", b" (": "list"}


def as_text(octets: bytes, codec: str = "utf-8") -> str:
    """`octets` as text of a charset. WireError if they are not."""
    try:
        return octets.decode(codec)
    except UnicodeError as error:
        raise WireError("text is not in its charset") from error


def _flags(octets: bytes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(parse_flag, octets.split()))) if octets else ()
