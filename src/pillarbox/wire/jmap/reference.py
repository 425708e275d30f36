"""Result references: arguments taken from the result of an earlier method call (RFC 8620 §3.7)."""

from collections.abc import Sequence
from typing import cast

import msgspec

from pillarbox.core.limits import JMAP_REFERENCE_DEPTH, JMAP_REFERENCED, JMAP_REFERENCED_SIZE
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError, invalid_arguments
from pillarbox.wire.jmap.request import Invocation


class ResultReference(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which response, and where in its arguments."""

    resultOf: str  # noqa: N815
    name: str
    path: str


_VALUE = 16  # what a value costs beside the characters in it


class Allowance:
    """How much the references of one request may still give. What they give is not copied, so that a few calls that
    each refer twice to the one before would stand for more than any memory holds once it is written out."""

    __slots__ = ("_room",)

    def __init__(self) -> None:
        self._room = JMAP_REFERENCED_SIZE

    def spend(self, value: object) -> None:
        """Count the value as it would be written. Raises MethodError when it is larger than what is left."""
        pending = [value]
        while pending:
            one = pending.pop()
            self._room -= _VALUE
            if isinstance(one, str):
                self._room -= len(one)
            elif isinstance(one, dict):
                self._room -= sum(map(len, one))
                pending.extend(one.values())
            elif isinstance(one, list):
                pending.extend(one)
            if self._room < 0:
                raise _failed("the references give too much")


def resolve_arguments(arguments: Json, responses: Sequence[Invocation], allowance: Allowance) -> Json:
    """`arguments` with every `#name` replaced by what it refers to. Raises MethodError."""
    if not any(name.startswith("#") for name in arguments):
        return arguments
    resolved: Json = {}
    for name, value in arguments.items():
        if not name.startswith("#"):
            resolved[name] = value
            continue
        if name[1:] in arguments:
            raise invalid_arguments(f"{name[1:]} is given both as a value and as a reference")
        try:
            reference = msgspec.convert(value, ResultReference)
        except msgspec.ValidationError as error:
            raise invalid_arguments(f"{name}: {error}") from error
        found = resolve(reference, responses)
        allowance.spend(found)
        resolved[name[1:]] = found
    return resolved


def resolve(reference: ResultReference, responses: Sequence[Invocation]) -> object:
    """The value a reference points to; raises MethodError "invalidResultReference" when there is none."""
    for name, arguments, call_id in responses:
        if call_id == reference.resultOf:
            if name != reference.name:
                raise _failed(f"the response to {call_id[:100]} is {name[:100]}")
            return _walk(arguments, _tokens(reference.path))
    raise _failed(f"there is no response to {reference.resultOf[:100]!r}")


def _tokens(path: str) -> list[str]:
    """The tokens of a JSON Pointer (RFC 6901 §3)."""
    if path and not path.startswith("/"):
        raise _failed("the path does not begin with /")
    if path.count("/") > JMAP_REFERENCE_DEPTH:
        raise _failed("the path is too long")
    return path.split("/")[1:]


def unescape(token: str) -> str:
    """A reference token with ~1 and ~0 replaced (RFC 6901 §4)."""
    return token.replace("~1", "/").replace("~0", "~")


def _walk(value: object, tokens: Sequence[str]) -> object:
    for index, token in enumerate(tokens):
        if isinstance(value, dict):
            if (name := unescape(token)) not in value:
                raise _failed(f"there is no {name[:100]!r}")
            value = cast(Json, value)[name]
        elif isinstance(value, list):
            if token == "*":  # noqa: S105
                return _map(cast(list[object], value), tokens[index + 1 :])
            if not token.isdecimal() or not token.isascii() or (len(token) > 1 and token[0] == "0") or len(token) > 9:
                raise _failed(f"{token[:100]!r} is no array index")
            if int(token) >= len(value):
                raise _failed(f"the array has no item {token}")
            value = value[int(token)]
        else:
            raise _failed(f"{token[:100]!r} points into a simple value")
    return value


def _map(items: Sequence[object], tokens: Sequence[str]) -> list[object]:
    """The rest of the pointer applied to every item, arrays flattened."""
    found: list[object] = []
    for item in items:
        value = _walk(item, tokens)
        if isinstance(value, list):
            found.extend(value)
        else:
            found.append(value)
        if len(found) > JMAP_REFERENCED:
            raise _failed("the reference gives too many values")
    return found


def _failed(description: str) -> MethodError:
    return MethodError("invalidResultReference", description)
