"""JSON in and out: decoding refuses what I-JSON (RFC 7493) forbids and most decoders let through."""

import json
import math
from typing import NoReturn

import msgspec

from pillarbox.wire.jmap.errors import not_json

Json = dict[str, object]

_GREATEST = 2**53 - 1  # RFC 8620 §1.3

_encoder = msgspec.json.Encoder()


def encode(value: object) -> bytes:
    """JSON octets of dicts, lists, strings, numbers, booleans, None and msgspec structs."""
    return _encoder.encode(value)


def decode(data: bytes) -> object:
    """The value of I-JSON octets. Raises Problem "notJSON" for anything else: bad UTF-8, lone surrogates, a name twice
    in an object, a number that no double holds exactly, nesting without end."""
    try:
        value: object = _decoder.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise not_json(f"the body is not I-JSON: {str(error)[:200]}") from error
    if b"\\ud" in data or b"\\uD" in data:
        _no_surrogates(value)
    return value


def _object(pairs: list[tuple[str, object]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice in an object")
    return found


def _integer(digits: str) -> int:
    if len(digits) > 17 or not -_GREATEST <= (number := int(digits)) <= _GREATEST:
        raise ValueError("a number is beyond 2^53-1")
    return number


def _real(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _no_surrogates(value: object) -> None:
    """RFC 7493 §2.1: strings hold no lone surrogate."""
    try:
        _encoder.encode(value)
    except (UnicodeEncodeError, RecursionError) as error:
        raise not_json("a string holds a lone surrogate") from error


_decoder = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer, parse_float=_real, parse_constant=_constant)
