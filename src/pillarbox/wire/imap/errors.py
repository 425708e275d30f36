"""The one error of this room: octets that are not IMAP, or are more of it than we take."""

from typing import Literal

Status = Literal["NO", "BAD"]


class WireError(Exception):
    """A command that is answered without being carried out.

    `text` may be read by the peer and never holds what the peer sent. `code` is a response code without its brackets
    ("" for none, RFC 9051 §7.1), `status` the tagged answer it asks for, `tag` the command's tag once it is known.
    `saving`: the command is a search whose result was to be saved.
    """

    def __init__(self, text: str, *, code: str = "", status: Status = "BAD", tag: bytes | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.status: Status = status
        self.tag = tag
        self.saving = False
