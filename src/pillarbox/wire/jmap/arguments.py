"""The arguments of the standard methods as typed records (RFC 8620 §5); unknown or ill-typed ones are refused."""

from typing import Annotated, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pillarbox.core.limits import JMAP_BODY_PROPERTIES, JMAP_GET, JMAP_PROPERTIES, JMAP_SET
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError, invalid_arguments

_GREATEST = 2**53 - 1

Id = Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,255}$")]
"""RFC 8620 §1.2."""
UnsignedInt = Annotated[int, Meta(ge=0, le=_GREATEST)]
Int = Annotated[int, Meta(ge=-_GREATEST, le=_GREATEST)]

A = TypeVar("A", bound="Arguments")


class Arguments(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What every method of an account has."""

    account_id: str


class Get(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.1."""

    ids: list[Id] | None = None
    properties: list[str] | None = None


class Changes(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.2."""

    since_state: str
    max_changes: Annotated[int, Meta(ge=1, le=_GREATEST)] | None = None


class Set(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.3."""

    if_in_state: str | None = None
    create: dict[str, Json] | None = None
    update: dict[str, Json] | None = None
    destroy: list[str] | None = None


class Copy(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.4."""

    from_account_id: str
    create: dict[str, Json]
    if_from_in_state: str | None = None
    if_in_state: str | None = None
    on_success_destroy_original: bool = False
    destroy_from_if_in_state: str | None = None


class BlobCopy(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §6.3."""

    from_account_id: str
    blob_ids: list[Id]


class Comparator(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One key of a sort (RFC 8620 §5.5); `keyword` is RFC 8621 §4.4.2's."""

    property: str
    is_ascending: bool = True
    collation: str | UnsetType = UNSET
    keyword: str | UnsetType = UNSET


class Query(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.5."""

    filter: Json | None = None
    sort: list[Comparator] | None = None
    position: Int = 0
    anchor: Id | None = None
    anchor_offset: Int = 0
    limit: UnsignedInt | None = None
    calculate_total: bool = False


class QueryChanges(Arguments, frozen=True, kw_only=True):
    """RFC 8620 §5.6."""

    since_query_state: str
    filter: Json | None = None
    sort: list[Comparator] | None = None
    max_changes: UnsignedInt | None = None
    up_to_id: Id | None = None
    calculate_total: bool = False


def typed(kind: type[A], given: Json) -> A:
    """The arguments as a record of `kind`. Raises MethodError: "invalidArguments", or "requestTooLarge" for more
    objects than one call may name."""
    try:
        arguments = msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        raise invalid_arguments(str(error)) from error
    if isinstance(arguments, Get) and len(arguments.ids or ()) > JMAP_GET:
        raise MethodError("requestTooLarge", f"more than {JMAP_GET} ids")
    if isinstance(arguments, Set | Copy) and _touched(arguments) > JMAP_SET:
        raise MethodError("requestTooLarge", f"more than {JMAP_SET} objects")
    for name, most in (("properties", JMAP_PROPERTIES), ("body_properties", JMAP_BODY_PROPERTIES)):
        if len(getattr(arguments, name, None) or ()) > most:
            raise MethodError("requestTooLarge", f"more than {most} {name.replace('_', ' ')}")
    return arguments


def _touched(arguments: Set | Copy) -> int:
    if isinstance(arguments, Copy):
        return len(arguments.create)
    return len(arguments.create or ()) + len(arguments.update or ()) + len(arguments.destroy or ())
