"""Searching and querying on both engines: what is found, in which order, and that the index only narrows."""

import base64
import random
import secrets
from pathlib import Path
from typing import Any

import pytest

from pillarbox.core.ids import AccountId, MessageId
from pillarbox.store import query as q
from pillarbox.store import search_sql
from pillarbox.store.analyser import fold
from pillarbox.store.indexing import index, tidy
from pillarbox.store.model import DELETED, DRAFT, FLAGGED, SEEN, Account, FlagChange, Place
from pillarbox.store.search_text import Texts, rows_of, texts_of
from pillarbox.store.searching import search_each
from pillarbox.store.store import Store
from tests.engines_fixtures import Engine
from tests.stores import StepClock, act, add_account, deliver, inbox, letter, open_store

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


def truth(texts: list[Texts], condition: q.Text | q.Header) -> set[MessageId]:
    """What a look at all texts finds."""
    needle = fold(condition.text)
    if isinstance(condition, q.Header):
        name = condition.name.lower()
        return {one.message_id for one in texts if any(needle in value for value in one.named(name))}
    return {one.message_id for one in texts if any(needle in text for text in one.of(condition.where))}


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


@pytest.mark.parametrize("many", [0, 5000])
async def test_what_the_index_narrows_is_what_a_look_at_all_texts_finds(
    store: Store, you: Account, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(search_sql, "_MANY", many)  # ids above which rows are sifted
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
        text = random_.choice(list(one.of(where))) or "x"
        start = random_.randrange(len(text))
        needle = text[start : start + random_.choice((1, 2, 3, 5, 9, 40))]
        condition: q.Text | q.Header = q.Text(where, needle.upper() if random_.random() < 0.3 else needle)
        if random_.random() < 0.2:
            name = random_.choice(("subject", "from", "x-thing", "date"))
            value = random_.choice([*one.named(name), ""])
            condition = q.Header(name.title(), value[: random_.randint(0, 9)])
        expected = truth(texts, condition)
        assert await found(store, account, condition) == expected, condition
        everything = set(await every(store, account))
        assert await found(store, account, q.Not(condition)) == everything - expected, condition
        both = q.And((q.Not(q.Flags(has=SEEN)), condition, q.Or((condition, q.Flags(has=DRAFT)))))
        assert await found(store, account, both) == expected, condition
        few = q.Uids(((1, 20),))  # so few that the index is not asked
        assert await found(store, account, q.And((few, condition))) == expected & await found(store, account, few)


async def put(store: Store, account: AccountId, text: bytes, flags: int = 0, **more: str) -> MessageId:
    place = Place((await inbox(store, account)).mailbox_id, flags, tuple(more.values()))
    return (await deliver(store, account, text, place)).message_id


@pytest.fixture(params=["indexed", "not indexed", "half indexed"])
def state(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def settle(store: Store, account: AccountId, state: str, last: bool = True) -> None:
    """Have the index stand as the test wants it."""
    if state == "indexed" or (state == "half indexed" and not last):
        await index(store, account)


async def test_words_phrases_stems_and_fields(store: Store, you: Account, state: str) -> None:
    account = you.account_id
    first = await put(store, account, letter("Running late", body="The reports about horses are ready.\r\n"))
    second = await put(store, account, letter("Horse", extra="Cc: Bob <bob@elsewhere.test>\r\n", body="reporting\r\n"))
    await settle(store, account, state, last=False)
    third = await put(store, account, letter("東京都の天気", body="Die Häuser der Stadt sind schön und groß.\r\n" * 3))
    await settle(store, account, state)

    async def words(where: str, text: str) -> set[MessageId]:
        return set(await store.query(account, q.Text(where, text, words=True)))

    assert await words("text", "report") == {first, second}
    assert await words("body", "horse") == {first}
    assert await words("text", "horse report") == {first, second}
    assert await words("subject", "run") == {first}
    assert await words("text", '"about horse"') == {first}
    assert await words("text", '"horse about"') == set()
    assert await words("cc", "bob@elsewhere.test") == {second}
    assert await words("from", "ann") == {first, second, third}
    assert await words("text", "haus") == {third}
    assert await words("subject", "東京") == {third}
    assert await words("subject", "都") == {third}
    assert await words("subject", "京東") == set()
    assert await words("text", "!") == {first, second, third}


async def test_conditions_on_columns(store: Store, you: Account, state: str) -> None:
    account = you.account_id
    one = await put(store, account, letter("One"), SEEN)
    two = await put(store, account, letter("Two", body="x" * 5000 + "\r\n"), FLAGGED, word="Some_Thing")
    await settle(store, account, state)
    assert await found(store, account, q.Flags(has=SEEN)) == {one}
    assert await found(store, account, q.Flags(has=FLAGGED, lacks=SEEN)) == {two}
    assert await found(store, account, q.Keyword("some_thing")) == {two}
    assert await found(store, account, q.Keyword("someXthing")) == set()
    assert await found(store, account, q.Keyword("$seen")) == {one}
    assert await found(store, account, q.Size(least=4000)) == {two}
    assert await found(store, account, q.Uids(((1, 1), (3, 9)))) == {one}
    assert await found(store, account, q.Ids((two,))) == {two}
    assert await found(store, account, q.And(())) == {one, two}
    assert await found(store, account, q.Or(())) == set()
    assert await found(store, account, q.Or((q.Text("subject", "one"), q.Not(q.Text("subject", "o"))))) == {one}
    assert await found(store, account, q.And((q.Text("subject", "o"), q.Not(q.Flags(has=SEEN))))) == {two}
    assert await found(store, account, q.Text("subject", "")) == {one, two}
    assert await found(store, account, q.Header("Date", "")) == {one, two}
    assert await found(store, account, q.Header("List-Id", "")) == set()
    deep: q.Condition = q.All()
    for number in range(200):
        deep = q.Or((deep, q.Size(least=number)))
    wide = q.And((deep, *(q.Size(least=number // 9) for number in range(300))))
    assert await found(store, account, wide) == {one, two}


async def test_dates_of_the_senders_own_clock(store: Store, you: Account) -> None:
    account = you.account_id
    east = b"From: a@b.c\r\nDate: Mon, 23 Nov 2026 01:00:00 +0900\r\n\r\nx\r\n"  # 22 November in UTC
    west = b"From: a@b.c\r\nDate: Mon, 23 Nov 2026 23:00:00 -0800\r\n\r\nx\r\n"  # 24 November in UTC
    both = {await put(store, account, east), await put(store, account, west)}
    await put(store, account, b"From: a@b.c\r\n\r\nwithout a date\r\n")
    start = 1_795_392_000  # 23 November 2026
    assert await found(store, account, q.Time("sent", start, start + 86_400, local=True)) == both
    assert await found(store, account, q.Time("sent", start, start + 86_400)) == set()
    assert await found(store, account, q.Time("sent", None, start, local=True)) == set()
    assert await found(store, account, q.Time("sent", start, None, local=True)) == both


async def test_a_search_stays_within_the_view(store: Store, you: Account) -> None:
    account = you.account_id
    await put(store, account, letter("One"))
    box = await inbox(store, account)
    view = await store.view(account, box.mailbox_id)
    await put(store, account, letter("Two"))
    assert await store.search(account, box.mailbox_id, q.All(), view) == [1]
    assert await store.search(account, box.mailbox_id, q.All()) == [1, 2]


async def test_several_mailboxes_are_searched_at_once(store: Store, you: Account, state: str) -> None:
    account = you.account_id
    box = await inbox(store, account)
    for subject in ("One", "Two", "One more"):
        await put(store, account, letter(subject))
    await settle(store, account, state, last=False)
    archive = await act(store, account, lambda tx: tx.create_mailbox(account, "Elsewhere"))
    empty = await act(store, account, lambda tx: tx.create_mailbox(account, "Empty"))
    await act(store, account, lambda tx: tx.copy(account, box.mailbox_id, [2, 3], archive.mailbox_id))
    await settle(store, account, state)

    async def pause(_done: int, _goal: int) -> None:
        return

    async def each(condition: q.Condition) -> dict[str, list[int]]:
        boxes = {one.mailbox_id: one.name for one in (box, archive, empty)}
        found = await search_each(store, account, tuple(boxes), condition, pause)
        return {boxes[mailbox_id]: list(map(int, uids)) for mailbox_id, uids in found.items()}

    assert await each(q.All()) == {"INBOX": [1, 2, 3], "Elsewhere": [1, 2]}
    assert await each(q.Text("text", "one")) == {"INBOX": [1, 3], "Elsewhere": [2]}
    assert await each(q.Header("Subject", "two")) == {"INBOX": [2], "Elsewhere": [1]}
    assert await each(q.Text("text", "three")) == {}


async def test_very_many_ranges_of_uids(store: Store, you: Account) -> None:
    account = you.account_id
    for _ in range(4):
        await put(store, account, letter())
    box = await inbox(store, account)
    scattered = q.Uids((), [1, 3, *range(10, 200_000, 2)])
    assert await store.search(account, box.mailbox_id, scattered) == [1, 3]
    assert await store.search(account, box.mailbox_id, q.Not(scattered)) == [2, 4]


async def test_messages_in_several_mailboxes_are_asked_over_all_places(store: Store, you: Account) -> None:
    account = you.account_id
    one = await put(store, account, letter("One"))
    two = await put(store, account, letter("Two"), SEEN)
    box = await inbox(store, account)
    archive = await act(store, account, lambda tx: tx.create_mailbox(account, "Elsewhere"))
    await act(store, account, lambda tx: tx.copy(account, box.mailbox_id, [1, 2], archive.mailbox_id))
    await act(store, account, lambda tx: tx.set_flags(account, archive.mailbox_id, [1], FlagChange(add=SEEN | FLAGGED)))

    async def ask(condition: q.Condition) -> list[MessageId]:
        return sorted(await store.query(account, condition))

    assert await ask(q.All()) == [one, two]
    assert await ask(q.Flags(has=SEEN)) == [two]
    assert await ask(q.Not(q.Flags(has=SEEN))) == [one]
    assert await ask(q.Flags(has=FLAGGED)) == [one]
    assert await ask(q.And((q.InMailbox(box.mailbox_id), q.Flags(has=FLAGGED)))) == [one]
    assert await ask(q.And((q.InMailbox(box.mailbox_id), q.InMailbox(archive.mailbox_id)))) == [one, two]
    assert await ask(q.InMailbox(None, (box.mailbox_id,))) == [one, two]
    assert await ask(q.InMailbox(None, (box.mailbox_id, archive.mailbox_id))) == []
    assert await ask(q.ThreadKeyword("$seen", "all")) == [two]
    assert await ask(q.ThreadKeyword("$flagged", "some")) == [one]
    assert await ask(q.ThreadKeyword("$flagged", "none")) == [two]
    assert await store.counted(account, q.All(), (), False, (0, 1)) == ([two], 2)
    await act(store, account, lambda tx: tx.set_flags(account, box.mailbox_id, [2], FlagChange(add=DELETED)))
    await act(store, account, lambda tx: tx.set_flags(account, archive.mailbox_id, [2], FlagChange(add=DELETED)))
    assert await ask(q.All()) == [one]


async def test_order_threads_and_pages(store: Store, you: Account, clock: StepClock) -> None:
    account = you.account_id
    made = []
    for number, (subject, size) in enumerate([("b", 10), ("Re: a", 500), ("c", 30), ("a", 90), ("Re: c", 5)]):
        clock.time += 60
        name = f"{subject.lower()[-1]}{number}@x"
        extra = "References: <c2@x>\r\n" if subject == "Re: c" else ""
        made.append(await put(store, account, letter(subject, extra=extra, body="x" * size + "\r\n", name=name)))

    async def ask(*orders: q.Order, **more: Any) -> list[int]:
        return [made.index(one) for one in await store.query(account, q.All(), orders, **more)]

    assert await ask() == [4, 3, 2, 1, 0]
    assert await ask(q.Order("received", descending=False)) == [0, 1, 2, 3, 4]
    assert await ask(q.Order("size")) == [1, 3, 2, 4, 0]
    assert await ask(q.Order("subject", descending=False), q.Order("size")) == [1, 3, 0, 2, 4]
    assert await ask(q.Order("from"), q.Order("sent"), q.Order("received")) == [4, 3, 2, 1, 0]
    assert await ask(q.Order("keyword:$seen"), q.Order("received")) == [4, 3, 2, 1, 0]
    assert await ask(collapse_threads=True) == [4, 3, 1, 0]
    assert await ask(collapse_threads=True, page=(1, 2)) == [3, 1]
    assert await ask(page=(3, 50)) == [1, 0]
    assert await store.counted(account, q.All(), (), True, (0, 2)) == ([made[4], made[3]], 4)
    assert await store.counted(account, q.All(), (), True, (9, 2)) == ([], 4)


async def test_addresses_are_found_without_their_comments_once_they_are_indexed(store: Store, you: Account) -> None:
    account = you.account_id
    await deliver(store, account, letter("hi", extra="Cc: <ann (Ann)@ (at home) commented.test>\r\n"))
    condition = q.Text("cc", "ann@commented.test")
    assert await found(store, account, condition) == set(await every(store, account))
    await index(store, account)
    assert await found(store, account, condition) == set(await every(store, account))


async def test_what_is_gone_leaves_the_index_and_it_can_be_made_again(store: Store, you: Account) -> None:
    account = you.account_id
    one = await put(store, account, letter("One"))
    await put(store, account, letter("Two"))
    assert await index(store, account) == 2
    box = await inbox(store, account)
    await act(store, account, lambda tx: tx.expunge(account, box.mailbox_id, [2], only_deleted=False))
    assert await found(store, account, q.Text("subject", "t")) == set()
    assert await tidy(store) == 1
    assert await store.database.index.documents(account) == [one]
    assert await store.reindex(account) == 1
    assert await found(store, account, q.Text("subject", "on")) == {one}


async def test_damaged_octets_do_not_stop_the_index(store: Store, you: Account, engine: Engine) -> None:
    account = you.account_id
    lost = await put(store, account, letter("Lost thing", body="unique " + secrets.token_hex(70_000) + "\r\n"))
    kept = await put(store, account, letter("Kept thing"))
    async for blob_id, _ in engine.blobs.ids():
        await engine.blobs.delete(blob_id)
    assert await index(store, account) == 2
    assert await found(store, account, q.Text("subject", "thing")) == {lost, kept}
    assert await found(store, account, q.Text("body", "hello")) == {kept}
    assert await found(store, account, q.Text("body", "unique")) == set()


async def test_attachments(store: Store, you: Account, state: str) -> None:
    account = you.account_id
    extra = 'Content-Type: multipart/mixed; boundary="b"\r\n'
    part = "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=Bill_2026.pdf\r\n\r\n%PDF\r\n"
    one = await put(store, account, letter(extra=extra, body=f"--b\r\n\r\nHi\r\n--b\r\n{part}--b--\r\n"))
    await put(store, account, letter())
    await settle(store, account, state)
    assert await store.query(account, q.HasAttachment()) == [one]
    assert one not in await store.query(account, q.Not(q.HasAttachment()))
    assert await found(store, account, q.Text("body", "bill_2026")) == {one}


async def test_large_messages_are_searched_by_their_text(store: Store, you: Account, state: str) -> None:
    account = you.account_id
    extra = 'Content-Type: multipart/mixed; boundary="b"\r\n'
    blob = base64.encodebytes(secrets.token_bytes(900_000)).decode().replace("\n", "\r\n")
    picture = f"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n{blob}"
    parts = f"--b\r\n\r\nfirst words\r\n--b\r\n{picture}"
    text = "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>last <b>w</b>ords über uns</p>\r\n--b--\r\n"
    one = await put(store, account, letter("Large", extra=extra, body=parts + text))
    await settle(store, account, state)
    for needle in ("FIRST words", "last words ÜBER", "words", "large"):
        assert await found(store, account, q.Text("text", needle)) == {one}, needle
    assert await found(store, account, q.Text("body", "image/png")) == set()
    for needle in ("Image/PNG", "charset=utf-8", 'boundary="B"'):
        assert await found(store, account, q.Text("text", needle)) == {one}, needle


def spoil(file: Path) -> None:
    """Rubbish in the place of the index, nothing beside it."""
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    file.write_bytes(b"rubbish" * 1000)


async def test_an_index_file_that_is_damaged_is_made_anew(tmp_path: Path) -> None:
    engine = Engine("sqlite", tmp_path, "")
    store = await open_store(engine)
    account = (await add_account(store)).account_id
    one = await put(store, account, letter("One"))
    await index(store, account)
    await store.close()
    await engine.close()
    spoil(tmp_path / "search.db")
    engine = Engine("sqlite", tmp_path, "")
    store = await open_store(engine)
    assert await found(store, account, q.Text("subject", "one")) == {one}
    assert await index(store, account) == 1
    assert await found(store, account, q.Text("subject", "one")) == {one}
    await store.close()
    await engine.close()
