"""Plays a talk against a server: sends what C says, compares what S says."""

import codecs
from collections.abc import Callable

from tests.talks.connection import Connection, TalkError
from tests.talks.script import Step, Talk, fill, pattern

_LAYERS: dict[str, Callable[[Connection], None]] = {
    "<tls>": Connection.start_tls,
    "<deflate>": Connection.start_deflate,
    "<inflated>": Connection.end_deflate,
}


class Player:
    """Plays one talk. `connect` gives a connection in the state the talk's `given` lines ask for.

    With `early` all connections are made before the first step, else each when it is first spoken of.
    """

    def __init__(
        self, talk: Talk, connect: Callable[[], Connection], remembered: dict[str, str], *, early: bool = False
    ) -> None:
        self._talk = talk
        self._connect = connect
        self._early = early
        self._open: dict[int, Connection] = {}
        self._remembered = remembered
        self._unwanted: dict[int, list[Step]] = {}
        self._said: list[str] = []

    def play(self) -> None:
        """Every step in order. Raises TalkError naming the line, with the conversation up to there."""
        try:
            for number in sorted({step.connection for step in self._talk.steps}) if self._early else ():
                self._open[number] = self._connect()
            for step in self._talk.steps:
                self._step(step)
        except TalkError as error:
            said = "\n".join(self._said[-40:])
            raise TalkError(f"{self._talk.path.name}: {error}\n--- so far:\n{said}") from None
        finally:
            for connection in self._open.values():
                connection.close()

    def _step(self, step: Step) -> None:
        if step.connection not in self._open:
            self._open[step.connection] = self._connect()
        connection = self._open[step.connection]
        if step.who == "C":
            self._send(connection, step)
        elif step.how == "!":
            self._unwanted.setdefault(step.connection, []).append(step)
        elif step.how == "-":
            connection.octets(int(step.text))
        elif step.text in _LAYERS:
            _LAYERS[step.text](connection)
        else:
            self._expect(connection, step)

    def _send(self, connection: Connection, step: Step) -> None:
        self._said.append(f"{step.connection}C{step.how} {step.text[:300]}")
        if step.text == "<close>":
            connection.close()
            return
        text = fill(step.text, self._remembered)
        if step.how == "~":
            connection.send(
                codecs.decode(text.encode("latin-1", "backslashreplace"), "unicode_escape").encode("latin-1")
            )
        else:
            connection.send(text.encode("utf-8") + b"\r\n")

    def _expect(self, connection: Connection, step: Step) -> None:
        unwanted = self._unwanted.pop(step.connection, [])
        wanted = pattern(step.text, self._remembered)
        while True:
            line = connection.line()
            self._said.append(f"{step.connection}S: {line if line is None else line[:300]}")
            if line is None:
                if step.text == "<closed>":
                    return
                raise TalkError(f"line {step.line}: wanted {step.text!r}, but the server closed the connection")
            for other in unwanted:
                if pattern(other.text, self._remembered).fullmatch(line):
                    raise TalkError(f"line {other.line}: must not come, but did: {line!r}")
            match = wanted.fullmatch(line)
            if match:
                self._remembered.update(match.groupdict())
                return
            if step.how != ">":
                raise TalkError(f"line {step.line}: wanted {step.text!r}, got {line!r}")
