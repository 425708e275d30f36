"""FUZZY searches on both engines: which words are taken for one another, and how well messages fit."""

import pytest

from pillarbox.core.ids import AccountId
from pillarbox.store import query as q
from pillarbox.store.indexing import index
from pillarbox.store.likeness import like
from pillarbox.store.model import Account
from pillarbox.store.scoring import scores
from pillarbox.store.store import Store
from tests.stores import deliver, inbox, letter


@pytest.mark.parametrize(
    ("word", "term", "alike"),
    [
        ("helo", "hello", True),
        ("helo", "help", True),
        ("helo", "hlo", True),
        ("helo", "ehlo", True),
        ("helo", "heol", True),
        ("helo", "helots", True),
        ("helo", "halt", False),
        ("helo", "lohe", False),
        ("helo", "hoel", False),
        ("hel", "hal", False),
        ("hel", "help", True),
        ("he", "help", False),
        ("привет", "превет", True),
    ],
)
def test_words_that_are_like(word: str, term: str, alike: bool) -> None:
    assert like(word, term) is alike


LETTERS = (
    letter("IMAP break", body="about something else\r\n"),
    letter("Broken", body="the imap server breaks again\r\n"),
    letter("Weather", body="imbp braek is misspelt\r\n"),
    letter("Weather", body="nothing of the kind\r\n"),
)


async def fuzzy(store: Store, account: AccountId, where: str, text: str) -> dict[int, int]:
    box = await inbox(store, account)
    condition = q.Fuzzy(where, text)
    uids = await store.search(account, box.mailbox_id, condition)
    return await scores(store, (account, box.mailbox_id), q.And((condition, q.Not(q.Fuzzy("text", "x")))), uids)


@pytest.mark.parametrize("indexed", [0, 2, 4])
async def test_what_is_found(store: Store, you: Account, indexed: int) -> None:
    account = you.account_id
    for at, octets in enumerate(LETTERS):
        if at == indexed:
            await index(store, account)
        await deliver(store, account, octets)
    if indexed == 4:
        await index(store, account)
    assert set(await fuzzy(store, account, "text", "imap break")) == {1, 2, 3}
    assert set(await fuzzy(store, account, "subject", "imap break")) == {1}
    assert set(await fuzzy(store, account, "body", "imap")) == {2, 3}
    assert set(await fuzzy(store, account, "text", "wether")) == {3, 4}
    assert set(await fuzzy(store, account, "from", "anna@demo.test")) == {1, 2, 3, 4}
    assert set(await fuzzy(store, account, "text", "zzz")) == set()
    assert set(await fuzzy(store, account, "text", "!")) == {1, 2, 3, 4}


async def test_how_well_messages_fit(store: Store, you: Account) -> None:
    account = you.account_id
    for octets in LETTERS:
        await deliver(store, account, octets)
    await index(store, account)
    found = await fuzzy(store, account, "text", "imap break")
    assert found[1] == 100
    assert 100 > found[2] > found[3] >= 1
    assert await fuzzy(store, account, "body", "misspelt") == {3: 100}
    await deliver(store, account, LETTERS[0])
    assert (await fuzzy(store, account, "text", "imap break"))[5] == 100  # it is indexed for that
