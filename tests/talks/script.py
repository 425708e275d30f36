"""A talk: a conversation with a server, written like the examples in the RFCs, as values.

A file is a sequence of lines:

    # a comment; the first one names the source (RFC and section)
    given INBOX with 4 messages          what is there before (see `world.py` for what can be given)
    1C: a1 NOOP                          connection 1 sends a line (CRLF is added)
    1C~ a\\r\\n\\x00b                      connection 1 sends octets as escaped here, nothing added
    1S: a1 OK ...                        connection 1 must receive this line; ... stands for anything within the line
    1S: * OK [UIDNEXT {next}] ...        {next} remembers what stood there, or must equal what was remembered
    1S> * 5 EXISTS                       lines are skipped until this one comes
    1S! * 1 FETCH ...                    up to the next expected line of this connection, no line like this may come
    1S- <n>                              exactly n octets are read and thrown away
    1S: <tls>                            connection 1 begins TLS now
    1S: <deflate>                        connection 1 begins DEFLATE now, in both directions
    1S: <inflated>                       connection 1 ends it
    1S: <closed>                         the server closes the connection
    1C: <close>                          the client does
"""

import re
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^(\d+)([CS])([:~>!-]) ?(.*)$")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a talk. `who` is "C" or "S", `how` the sign behind it."""

    connection: int
    who: str
    how: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Talk:
    """A file: what is given, then the steps."""

    path: Path
    given: tuple[str, ...]
    steps: tuple[Step, ...]


def read(path: Path) -> Talk:
    """The talk in a file. Raises ValueError for a line that is neither comment, given nor step."""
    given: list[str] = []
    steps: list[Step] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("given "):
            given.append(line[6:].strip())
            continue
        match = _LINE.match(line)
        if match is None:
            raise ValueError(f"{path.name}:{number}: not a line of a talk: {line!r}")
        steps.append(Step(int(match[1]), match[2], match[3], match[4], number))
    if not steps:
        raise ValueError(f"{path.name}: an empty talk")
    return Talk(path, tuple(given), tuple(steps))


_TOKEN = re.compile(r"\.\.\.|\{[a-z_]\w*\}")


def pattern(text: str, remembered: dict[str, str]) -> re.Pattern[str]:
    """The expression an expected line must match, with remembered values filled in."""
    parts: list[str] = []
    end = 0
    named: set[str] = set()
    for token in _TOKEN.finditer(text):
        parts.append(re.escape(text[end : token.start()]))
        end = token.end()
        name = token[0][1:-1]
        if token[0] == "...":
            parts.append(".*")
        elif name in remembered:
            parts.append(re.escape(remembered[name]))
        elif name in named:
            parts.append(f"(?P={name})")
        else:
            named.add(name)
            parts.append(f"(?P<{name}>.+?)")
    parts.append(re.escape(text[end:]))
    return re.compile("".join(parts), re.DOTALL)


def fill(text: str, remembered: dict[str, str]) -> str:
    """A line to send, with remembered values in place of {names}; other braces (literals) stay."""
    return re.sub(r"\{([a-z_]\w*)\}", lambda m: remembered.get(m[1], m[0]), text)
