"""Result references point where RFC 8620 §3.7 says."""

import pytest

from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError
from pillarbox.wire.jmap.reference import Allowance, resolve_arguments
from pillarbox.wire.jmap.request import Invocation

RESPONSES: list[Invocation] = [
    ("Foo/get", {"list": [{"id": "a", "n": ["1", "2"]}, {"id": "b", "n": ["3"]}], "a/b": {"~": 7}, "ids": ["x"]}, "t0"),
    ("Bar/get", {"list": []}, "t0"),
    ("error", {"type": "unknownMethod"}, "t1"),
]


def reference(path: str, of: str = "t0", name: str = "Foo/get") -> Json:
    return {"#ids": {"resultOf": of, "name": name, "path": path}, "k": 1}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/ids", ["x"]),
        ("/list/*/id", ["a", "b"]),
        ("/list/*/n", ["1", "2", "3"]),
        ("/list/1/n/0", "3"),
        ("/a~1b/~0", 7),
        ("/list/*/n/*", ["1", "2", "3"]),
    ],
)
def test_resolves(path: str, value: object) -> None:
    assert resolve_arguments(reference(path), RESPONSES, Allowance()) == {"ids": value, "k": 1}


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (reference("/none"), "invalidResultReference"),
        (reference("/list/2"), "invalidResultReference"),
        (reference("/list/01"), "invalidResultReference"),
        (reference("/list/-"), "invalidResultReference"),
        (reference("ids"), "invalidResultReference"),
        (reference("/ids/0/deeper"), "invalidResultReference"),
        (reference("/ids", of="t9"), "invalidResultReference"),
        (reference("/list", name="Bar/get"), "invalidResultReference"),
        (reference("/ids", of="t1"), "invalidResultReference"),
        ({"#ids": 1}, "invalidArguments"),
        ({"#ids": {"resultOf": "t0", "name": "Foo/get"}}, "invalidArguments"),
        ({**reference("/ids"), "ids": []}, "invalidArguments"),
    ],
)
def test_fails(arguments: Json, kind: str) -> None:
    with pytest.raises(MethodError) as caught:
        resolve_arguments(arguments, RESPONSES, Allowance())
    assert caught.value.value()["type"] == kind


def test_too_many_values() -> None:
    responses: list[Invocation] = [("A", {"l": [{"n": list(range(1000))}] * 200}, "c")]
    with pytest.raises(MethodError):
        resolve_arguments({"#x": {"resultOf": "c", "name": "A", "path": "/l/*/n"}}, responses, Allowance())
