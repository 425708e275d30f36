"""I-JSON is let in, everything else is refused."""

import pytest

from pillarbox.wire.jmap.codec import decode, encode
from pillarbox.wire.jmap.errors import Problem
from pillarbox.wire.jmap.request import decode_request

REFUSED = [
    b"",
    b"{",
    b"\xff",
    b'"\xed\xa0\x80"',
    b'{"a":1,"a":2}',
    b'{"b":{"a":1,"a":1}}',
    b"[9007199254740992]",
    b"[-9007199254740992]",
    b"[123456789012345678901234567890]",
    b"[1e999]",
    b"[NaN]",
    b"[Infinity]",
    b'["\\ud800"]',
    b'{"\\uDC00":1}',
    b"[" * 100_000,
    b'["a\nb"]',
    b"[1]x",
]


@pytest.mark.parametrize("data", REFUSED)
def test_refused(data: bytes) -> None:
    with pytest.raises(Problem) as caught:
        decode(data)
    assert caught.value.value()["type"] == "urn:ietf:params:jmap:error:notJSON"
    assert caught.value.status == 400


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"[9007199254740991, -9007199254740991, 1.5]", [9007199254740991, -9007199254740991, 1.5]),
        (b'{"a":{"b":null}}', {"a": {"b": None}}),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        ('"ä"'.encode(), "ä"),
    ],
)
def test_accepted(data: bytes, value: object) -> None:
    assert decode(data) == value
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"[]", "notRequest"),
        (b"{}", "notRequest"),
        (b'{"using":["x"],"methodCalls":[]}', "unknownCapability"),
        (b'{"using":[],"methodCalls":[["a",{}]]}', "notRequest"),
        (b'{"using":[],"methodCalls":[["a",[],"c"]]}', "notRequest"),
        (b'{"using":[],"methodCalls":[["a",{},1]]}', "notRequest"),
        (b'{"using":"x","methodCalls":[]}', "notRequest"),
        (b'{"using":[],"methodCalls":[],"createdIds":{"a":1}}', "notRequest"),
        (b'{"using":[],"methodCalls":[' + b",".join([b'["a",{},"c"]'] * 65) + b"]}", "limit"),
    ],
)
def test_request_errors(data: bytes, kind: str) -> None:
    with pytest.raises(Problem) as caught:
        decode_request(data, ("urn:ietf:params:jmap:core",))
    assert caught.value.kind == f"urn:ietf:params:jmap:error:{kind}"
    assert ("limit" in caught.value.value()) is (kind == "limit")


def test_request_ignores_what_it_does_not_know() -> None:
    request = decode_request(b'{"using":[],"methodCalls":[["Core/echo",{"a":1},"c"]],"new":1}', ())
    assert request.methodCalls == [("Core/echo", {"a": 1}, "c")]
    assert request.createdIds is None
