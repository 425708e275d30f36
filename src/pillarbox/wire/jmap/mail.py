"""Arguments that the methods of JMAP for mail (RFC 8621) have beside the standard ones."""

from typing import Protocol

import msgspec

from pillarbox.wire.jmap.arguments import Arguments, Get, Id, Query, QueryChanges, Set, UnsignedInt
from pillarbox.wire.jmap.codec import Json

BODY_PROPERTIES = [
    "partId", "blobId", "size", "name", "type", "charset", "disposition", "cid", "language", "location",
]  # fmt: skip
"""RFC 8621 §4.2: the default of bodyProperties."""


class BodyFetch(Protocol):
    """What Email/get and Email/parse both say about body parts and their text (RFC 8621 §4.2)."""

    @property
    def body_properties(self) -> list[str]: ...
    @property
    def fetch_text_body_values(self) -> bool: ...
    @property
    def fetch_html_body_values(self) -> bool: ...
    @property
    def fetch_all_body_values(self) -> bool: ...
    @property
    def max_body_value_bytes(self) -> int: ...


class EmailGet(Get, frozen=True, kw_only=True):
    """RFC 8621 §4.2."""

    body_properties: list[str] = msgspec.field(default_factory=lambda: list(BODY_PROPERTIES))
    fetch_text_body_values: bool = False
    fetch_html_body_values: bool = msgspec.field(default=False, name="fetchHTMLBodyValues")
    fetch_all_body_values: bool = False
    max_body_value_bytes: UnsignedInt = 0


class EmailParse(Arguments, frozen=True, kw_only=True):
    """RFC 8621 §4.9."""

    blob_ids: list[Id]
    properties: list[str] | None = None
    body_properties: list[str] = msgspec.field(default_factory=lambda: list(BODY_PROPERTIES))
    fetch_text_body_values: bool = False
    fetch_html_body_values: bool = msgspec.field(default=False, name="fetchHTMLBodyValues")
    fetch_all_body_values: bool = False
    max_body_value_bytes: UnsignedInt = 0


class EmailQuery(Query, frozen=True, kw_only=True):
    """RFC 8621 §4.4."""

    collapse_threads: bool = False


class EmailQueryChanges(QueryChanges, frozen=True, kw_only=True):
    """RFC 8621 §4.5."""

    collapse_threads: bool = False


class EmailImport(Arguments, frozen=True, kw_only=True):
    """RFC 8621 §4.8."""

    emails: dict[str, Json]
    if_in_state: str | None = None


class MailboxQuery(Query, frozen=True, kw_only=True):
    """RFC 8621 §2.3."""

    sort_as_tree: bool = False
    filter_as_tree: bool = False


class MailboxQueryChanges(QueryChanges, frozen=True, kw_only=True):
    """RFC 8621 §2.4, with the arguments of its query."""

    sort_as_tree: bool = False
    filter_as_tree: bool = False


class MailboxSet(Set, frozen=True, kw_only=True):
    """RFC 8621 §2.5."""

    on_destroy_remove_emails: bool = False


class SnippetGet(Arguments, frozen=True, kw_only=True):
    """RFC 8621 §5.1."""

    email_ids: list[Id]
    filter: Json | None = None


class SubmissionSet(Set, frozen=True, kw_only=True):
    """RFC 8621 §7.5."""

    on_success_update_email: dict[str, Json] | None = None
    on_success_destroy_email: list[str] | None = None
