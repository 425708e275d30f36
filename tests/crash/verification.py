"""What must be true of a mail store after crashes, whatever they hit."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass

from pillarbox.core.ids import AccountId, MessageId
from pillarbox.store.model import Finding, Need
from pillarbox.store.store import Store
from tests.crash.clients import GONE, Imap, Jmap, Json
from tests.crash.ledger import OPEN, STANDS, Attempt, Ledger
from tests.crash.load import ACCOUNTS, APPENDED, Load
from tests.server import PillarboxServer

Copy = tuple[str, int, bytes, set[str]]
"""Mailbox, UID, octets and flags of one message as IMAP gave it."""


def contents(server: PillarboxServer, ledger: Ledger, account: str) -> dict[str, list[Copy]]:
    """Everything in an account by Message-ID, read by IMAP. UIDs go into the ledger; counters are compared."""
    found: dict[str, list[Copy]] = defaultdict(list)
    imap = Imap(server, account)
    for mailbox in ("INBOX", "Archive", "Drafts", "Sent", "Trash", "Junk"):
        status = imap.status(mailbox)
        validity = imap.select(mailbox, readonly=True)
        messages = imap.fetch(1, "BODY.PEEK[]")
        for uid, octets, flags in messages:
            name = _name(octets)
            ledger.saw((account, mailbox), validity, uid, name)
            found[name].append((mailbox, uid, octets, flags))
        unseen = sum("\\Seen" not in flags for _, _, flags in messages)
        highest = max((key[3] for key in ledger.uids if key[:3] == (account, mailbox, validity)), default=0)
        real = {"MESSAGES": len(messages), "UNSEEN": unseen, "UIDVALIDITY": validity}
        assert {key: status[key] for key in real} == real, (account, mailbox, status)
        assert status["UIDNEXT"] > highest, (account, mailbox, status, highest)
        uids = [uid for uid, _, _ in messages]
        assert uids == sorted(set(uids)), (account, mailbox)
    imap.close()
    return found


def _name(octets: bytes) -> str:
    for line in octets.partition(b"\r\n\r\n")[0].split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line.partition(b":")[2].strip().decode()
    raise AssertionError(f"a message without a name: {octets[:300]!r}")


def check_promises(server: PillarboxServer, ledger: Ledger) -> Counter[str]:
    """Every acknowledged message exactly once, every other at most once, none in a part of its accounts."""
    there = {account: contents(server, ledger, account) for account in ACCOUNTS}
    tally: Counter[str] = Counter()
    for attempt in ledger.attempts.values():
        copies = {account: there[account].pop(attempt.name, []) for account in attempt.accounts}
        counts = {len(found) for found in copies.values()}
        tally[f"{attempt.way} {'acknowledged' if attempt.acknowledged else 'unanswered'} {sorted(counts)}"] += 1
        if len(counts) != 1 or counts - {0, 1}:
            ledger.complain(f"{attempt.name} to {attempt.accounts}: {[len(one) for one in copies.values()]} copies")
        elif attempt.acknowledged and attempt.fate != OPEN and counts != {int(attempt.fate == STANDS)}:
            ledger.complain(f"{attempt.name} of fate {attempt.fate}: {counts} copies")
        for found in copies.values():
            for _, _, octets, flags in found:
                _compare(ledger, attempt, octets, flags)
    for account, rest in there.items():
        for name in rest:
            ledger.complain(f"{account} has {name}, which nobody sent there")
    return tally


def _compare(ledger: Ledger, attempt: Attempt, octets: bytes, flags: set[str]) -> None:
    if attempt.way == "smtp":  # our trace stands before what was sent
        same = octets.endswith(attempt.octets) and octets.startswith(b"Return-Path: <ann@elsewhere.test>\r\n")
    elif attempt.octets:
        same = octets == attempt.octets
    else:
        same = len(octets) == attempt.size or not attempt.acknowledged
    if not same:
        ledger.complain(f"{attempt.name}: octets differ: {octets[:200]!r}")
    wanted = {"\\Seen" if word == "$seen" else word for word in attempt.keywords}
    if attempt.acknowledged and not {word.lower() for word in wanted} <= {word.lower() for word in flags}:
        ledger.complain(f"{attempt.name}: {wanted} were set, {flags} are there")


def check_watchers(load: Load, ledger: Ledger) -> None:
    """No UID came to be seen after a higher one."""
    for watcher in load.watchers:
        last = max(watcher.seen, default=0)
        known = {uid for (who, box, _, uid) in ledger.uids if (who, box) == (watcher.account, "INBOX")}
        present = known if watcher.account != APPENDED else watcher.seen  # others are gone before anybody looks
        late = sorted(uid for uid in present if uid <= last and uid not in watcher.seen)
        if late:
            ledger.complain(f"UIDs {late} of {watcher.account} came after {last}")


async def check_rows(store: Store) -> list[Finding]:
    """What the store finds wrong with itself, every octet read; messages are also counted through it."""
    found: list[Finding] = []
    for account in await store.directory.accounts():
        found += await store.check(account.account_id, deep=True)
        placed = await _placed(store, account.account_id)
        quota = await store.quota(account.account_id)
        assert quota.messages == placed, (account.login, quota, placed)
    return found


async def _placed(store: Store, account: AccountId) -> int:
    messages: set[MessageId] = set()
    for mailbox in await store.mailboxes(account):
        async for page in store.placements(account, mailbox.mailbox_id, [(1, mailbox.uidnext)], Need.PLACEMENT):
            messages.update(row.message_id for row in page)
    return len(messages)


@dataclass(frozen=True, slots=True)
class Known:
    """The messages of an account as somebody read them who had seen `state` before."""

    account: str
    state: str
    emails: dict[str, Json]


def look(server: PillarboxServer, account: str) -> Known:
    """The messages of an account and a state they are at least as new as."""
    while True:
        try:
            jmap = Jmap(server, account)
            state = jmap.state()
            return Known(account, state, jmap.all_emails())
        except GONE:
            time.sleep(0.05)


def check_changes(server: PillarboxServer, known: Known) -> None:
    """Who follows /changes from a state of before has what a fresh look gives."""
    jmap = Jmap(server, known.account)
    assert jmap.replayed(known.state, known.emails) == jmap.all_emails(), known.account
    jmap.close()
