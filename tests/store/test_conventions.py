"""Usual names of mailboxes and the uses they stand for."""

import pytest

from pillarbox.store import conventions
from pillarbox.store.conventions import role_called, stands_for
from pillarbox.store.naming import DEFAULT_MAILBOXES, full_name

CALLED = [
    ("Sent Items", "sent"),
    ("sent-mail", "sent"),
    ("SENT_MESSAGES", "sent"),
    ("Gesendete Elemente", "sent"),
    ("E\u0301le\u0301ments envoye\u0301s", "sent"),
    ("送信済みアイテム", "sent"),
    ("Junk E-mail", "junk"),
    ("Junk-E-Mail", "junk"),
    ("Junk Email", "junk"),
    ("Spam", "junk"),
    ("Correo no deseado", "junk"),
    ("迷惑メール", "junk"),
    ("Deleted Items", "trash"),
    ("Deleted Messages", "trash"),
    ("Papierkorb", "trash"),
    ("Corbeille", "trash"),
    ("Papelera", "trash"),
    ("ゴミ箱", "trash"),
    ("Entwürfe", "drafts"),
    ("Borradores", "drafts"),
    ("下書き", "drafts"),
    ("Archives", "archive"),
    ("Архив", "archive"),
    ("INBOX", None),
    ("Sent Items 2024", None),
    ("Sent/Items", None),
    ("Presents", None),
    ("", None),
    (" -_", None),
    ("x" * 100_000, None),
]


@pytest.mark.parametrize(("name", "role"), CALLED)
def test_roles(name: str, role: str | None) -> None:
    assert role_called(name) == role


def test_our_own_names_are_usual_and_every_usual_name_can_be_one() -> None:

    for name, role in DEFAULT_MAILBOXES:
        assert role_called(name) == (None if role == "inbox" else role)
    names = [name.strip() for some in conventions._NAMES.values() for name in some.split(",")]
    assert all(names) and len(set(names)) == len(names)
    assert all(full_name(name) == name for name in names)


@pytest.mark.parametrize(
    ("name", "present", "means"),
    [
        ("Sent Items", "Sent", True),
        ("Sent", "Sent Items", True),
        ("sent", "Sent", True),
        ("Sent Items", "Sent 2024", True),
        ("Sent", "Sent 2024", False),
    ],
)
def test_a_mailbox_put_aside_leaves_its_name_free(name: str, present: str, means: bool) -> None:
    assert stands_for(name, "sent", present) is means
