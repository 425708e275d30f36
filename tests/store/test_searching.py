"""Searching and querying on both engines: what is found, in which order, and that the index only narrows."""

import random

from pillarbox.core.ids import AccountId, MessageId
from pillarbox.store import query as q
from pillarbox.store.analyser import fold
from pillarbox.store.indexing import index
from pillarbox.store.model import Account
from pillarbox.store.search_text import rows_of, texts_of
from pillarbox.store.store import Store
from tests.stores import deliver, inbox, letter

WORDS = [
    *("report", "Report", "weekly_report", "résumé", "Straße", "STRASSE", "naïve", "北京", "東京都", "日本語のテスト"),
    *("สวัสดี", "привет", "Привета", "a1b2", "x-y", "ann@demo.test", "foo.bar", "12345", "3.14", "ﬁsh", "ΣΊΣΥΦΟΣ"),
    *("Σίσυφος", "running", "runs", "ran", "हिन्दी", "ⅷ", "e\u0301t\u00e9", "😀", "_", "--", "..."),
    "q" * 40 + "needle" + "z" * 90,
]
FIELDS = ("subject", "from", "to", "cc", "bcc", "body", "text")


def message(random_: random.Random) -> bytes:
    def some(most: int) -> str:
        return " ".join(random_.choice(WORDS) for _ in range(random_.randint(0, most)))

    body = some(30).replace(" ", random_.choice((" ", "\r\n", ", ")))
    extra = "".join(
        f"{name}: {some(3)} <{random_.choice('abc')}@{random_.choice(('demo', 'münchen'))}.test>\r\n"
        for name in random_.sample(("Cc", "Bcc", "Reply-To", "X-Thing"), random_.randint(0, 3))
    )
    return letter(some(4), extra=extra, body=body + "\r\n")


async def truth(store: Store, account: AccountId, condition: q.Text | q.Header) -> set[MessageId]:
    found = set()
    needle = fold(condition.text)
    for texts in await texts_of(store, account, await rows_of(store, account, await every(store, account))):
        if isinstance(condition, q.Header):
            hit = any(name == condition.name.lower() and needle in value for name, value in texts.lines)
        else:
            hit = any(needle in text for text in texts.of(condition.where))
        if hit:
            found.add(texts.message_id)
    return found


async def every(store: Store, account: AccountId) -> list[MessageId]:
    return await store.query(account, q.All())


async def found(store: Store, account: AccountId, condition: q.Condition) -> set[MessageId]:
    box = await inbox(store, account)
    uids = await store.search(account, box.mailbox_id, condition)
    every_uid = [(1, 9999)]
    pages = [rows async for rows in store.placements(account, box.mailbox_id, every_uid)]
    by_uid = {row.uid: row.message_id for rows in pages for row in rows}
    assert uids == sorted(uids)
    return {by_uid[uid] for uid in uids}


async def test_what_the_index_narrows_is_what_a_look_at_all_texts_finds(store: Store, you: Account) -> None:
    random_ = random.Random(7)
    account = you.account_id
    for number in range(60):
        await deliver(store, account, message(random_))
        if number in (20, 21, 40):
            await index(store, account)
    texts = await texts_of(store, account, await rows_of(store, account, await every(store, account)))
    for _ in range(150):
        one = random_.choice(texts)
        where = random_.choice(FIELDS)
        text = random_.choice(one.of(where)) or "x"
        start = random_.randrange(len(text))
        needle = text[start : start + random_.choice((1, 2, 3, 5, 9, 40))]
        condition: q.Text | q.Header = q.Text(where, needle.upper() if random_.random() < 0.3 else needle)
        if random_.random() < 0.2:
            name, value = random_.choice(one.lines)
            condition = q.Header(name.title(), value[: random_.randint(0, 9)])
        expected = await truth(store, account, condition)
        assert await found(store, account, condition) == expected, condition
        everything = set(await every(store, account))
        assert await found(store, account, q.Not(condition)) == everything - expected, condition
