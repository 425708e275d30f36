"""Patches, arguments, header properties, dates, keywords and the session object."""

import pytest

from pillarbox.wire.jmap.arguments import Changes, Get, Query, Set, typed
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.dates import parse_date, parse_utc, spell_date, spell_utc
from pillarbox.wire.jmap.errors import MethodError, SetError
from pillarbox.wire.jmap.headerform import Form, HeaderProperty, parse_header_property
from pillarbox.wire.jmap.keywords import valid_keyword
from pillarbox.wire.jmap.mail import BODY_PROPERTIES, EmailGet
from pillarbox.wire.jmap.patch import apply_patch
from pillarbox.wire.jmap.session import session_object


@pytest.mark.parametrize(
    ("patch", "result"),
    [
        ({}, {"k": {"a": True, "b": True}, "n": "x", "l": [1]}),
        ({"n": "y"}, {"k": {"a": True, "b": True}, "n": "y", "l": [1]}),
        ({"k/a": None, "k/c": True}, {"k": {"b": True, "c": True}, "n": "x", "l": [1]}),
        ({"k/none": None}, {"k": {"a": True, "b": True}, "n": "x", "l": [1]}),
        ({"k": {"z": True}}, {"k": {"z": True}, "n": "x", "l": [1]}),
        ({"n": None}, {"k": {"a": True, "b": True}, "n": None, "l": [1]}),
        ({"k/x~1y": True}, {"k": {"a": True, "b": True, "x/y": True}, "n": "x", "l": [1]}),
    ],
)
def test_patch(patch: Json, result: Json) -> None:
    before = {"k": {"a": True, "b": True}, "n": "x", "l": [1]}
    assert apply_patch(before, patch) == result
    assert before == {"k": {"a": True, "b": True}, "n": "x", "l": [1]}


@pytest.mark.parametrize(
    "patch", [{"l/0": 1}, {"n/a": 1}, {"none/a": 1}, {"k": {}, "k/a": 1}, {"/".join("abcdefgh" * 3): 1}]
)
def test_bad_patch(patch: Json) -> None:
    with pytest.raises(SetError) as caught:
        apply_patch({"k": {"a": True}, "n": "x", "l": [1]}, patch)
    assert caught.value.kind == "invalidPatch"


def test_arguments() -> None:
    assert typed(Get, {"accountId": "A1"}).ids is None
    assert typed(EmailGet, {"accountId": "A1", "fetchHTMLBodyValues": True}).fetch_html_body_values
    assert typed(EmailGet, {"accountId": "A1"}).body_properties == BODY_PROPERTIES
    assert typed(Query, {"accountId": "A1", "sort": [{"property": "x"}], "position": -5}).position == -5


@pytest.mark.parametrize(
    ("kind", "given", "error"),
    [
        (Get, {}, "invalidArguments"),
        (Get, {"accountId": 1}, "invalidArguments"),
        (Get, {"accountId": "A", "unknown": 1}, "invalidArguments"),
        (Get, {"accountId": "A", "ids": ["bad id"]}, "invalidArguments"),
        (Get, {"accountId": "A", "ids": [""]}, "invalidArguments"),
        (Get, {"accountId": "A", "ids": ["x"] * 1001}, "requestTooLarge"),
        (Changes, {"accountId": "A", "sinceState": "1", "maxChanges": 0}, "invalidArguments"),
        (Changes, {"accountId": "A"}, "invalidArguments"),
        (Query, {"accountId": "A", "limit": -1}, "invalidArguments"),
        (Query, {"accountId": "A", "sort": [{}]}, "invalidArguments"),
        (
            Set,
            {"accountId": "A", "destroy": ["x"] * 600, "update": {str(n): {} for n in range(600)}},
            "requestTooLarge",
        ),
    ],
)
def test_bad_arguments(kind: type[Get], given: Json, error: str) -> None:
    with pytest.raises(MethodError) as caught:
        typed(kind, given)
    assert caught.value.kind == error


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("header:Subject", HeaderProperty("subject", Form.RAW, False)),
        ("header:Resent-To:asAddresses:all", HeaderProperty("resent-to", Form.ADDRESSES, True)),
        ("header:X-Own:all", HeaderProperty("x-own", Form.RAW, True)),
        ("header:From:asGroupedAddresses", HeaderProperty("from", Form.GROUPED, False)),
        ("header:X-Own:asDate", HeaderProperty("x-own", Form.DATE, False)),
        ("header:List-POST:asURLs", HeaderProperty("list-post", Form.URLS, False)),
        ("header:From:asDate", None),
        ("header:Subject:asAddresses", None),
        ("header:Received:asText", None),
        ("header:X:all:asText", None),
        ("header:X:asNothing", None),
        ("header:", None),
        ("header:ä", None),
        ("subject", None),
    ],
)
def test_header_property(text: str, value: HeaderProperty | None) -> None:
    assert parse_header_property(text) == value


def test_dates() -> None:
    assert spell_utc(0) == "1970-01-01T00:00:00Z"
    assert spell_utc(-62_135_596_800 - 5) == "0001-01-01T00:00:00Z"
    assert spell_utc(10**15) == "9999-12-31T23:59:59Z"
    assert spell_date(0, 90) == "1970-01-01T01:30:00+01:30"
    assert spell_date(0, -60) == "1969-12-31T23:00:00-01:00"
    assert parse_utc("2014-10-30T06:12:00Z") == 1414649520
    assert parse_utc("2014-10-30T06:12:00.5Z") == 1414649520
    assert parse_date("2014-10-30T14:12:00+08:00") == (1414649520, 480)
    for bad in (
        "2014-10-30T14:12:00+08:00",
        "2014-13-30T06:12:00Z",
        "2014-10-30t06:12:00z",
        "2014-10-30T06:12:00.50Z",
        "",
    ):
        assert parse_utc(bad) is None


def test_keywords() -> None:
    assert valid_keyword("$seen")
    assert valid_keyword("x" * 255)
    for bad in ("", "a b", "a]", "a(", "ä", "a\\", 'a"', "x" * 256, "a%", "a*", "a{"):
        assert not valid_keyword(bad)


def test_session() -> None:
    session = session_object("A1", "you@demo.test", 1000)
    assert session["state"] != session_object("A2", "you@demo.test", 1000)["state"]
    assert session["primaryAccounts"] == {"urn:ietf:params:jmap:mail": "A1", "urn:ietf:params:jmap:submission": "A1"}
