"""Replies: what a server says, spelled for the wire (RFC 5321 §4.2, RFC 2034)."""

from collections.abc import Sequence


class Reply:
    """One reply of a server. `octets` is its spelling without a mark of the session, ready to be sent.

    `code` is the three-digit code, `enhanced` the status code of RFC 3463 ("" where RFC 2034 §4 has none: the greeting,
    EHLO, HELO, 354, 334), `lines` the text, at least one line.
    """

    __slots__ = ("code", "enhanced", "lines", "octets")

    def __init__(self, code: int, enhanced: str, *lines: str) -> None:
        self.code = code
        self.enhanced = enhanced
        self.lines = lines or ("",)
        self.octets = _spell(code, enhanced, self.lines)

    def marked(self, mark: str) -> bytes:
        """The spelling with `mark` in brackets at the end: how to find it in our log."""
        return _spell(self.code, self.enhanced, (*self.lines[:-1], f"{self.lines[-1]} [{mark}]"))

    def __repr__(self) -> str:
        return f"Reply({self.code}, {self.enhanced!r}, {self.lines!r})"


def _spell(code: int, enhanced: str, lines: Sequence[str]) -> bytes:
    status = f"{enhanced} " if enhanced else ""
    last = len(lines) - 1
    return "".join(
        f"{code}{' ' if number == last else '-'}{status}{line}\r\n" for number, line in enumerate(lines)
    ).encode()
