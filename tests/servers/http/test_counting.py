"""What a mailbox counts when a message is in it twice, as IMAP's COPY allows."""

from pillarbox.store.model import SEEN, FlagChange
from tests.servers.http.house import House
from tests.stores import letter


async def test_a_message_twice_in_a_mailbox(house: House) -> None:
    await house.imported(letter())
    you = house.you.account_id
    inbox = await house.store.mailbox_named(you, "INBOX")
    await house.store.write([you], lambda tx: tx.copy(you, inbox.mailbox_id, [1], inbox.mailbox_id))
    names = ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")
    role = await house.mailbox("inbox")
    (shown,) = (await house.call("Mailbox/get", ids=[role], properties=list(names)))["list"]
    assert [shown[name] for name in names] == [1, 1, 1, 1]
    seen = FlagChange(add=SEEN)
    await house.store.write([you], lambda tx: tx.set_flags(you, inbox.mailbox_id, [1], seen))
    (shown,) = (await house.call("Mailbox/get", ids=[role], properties=list(names)))["list"]
    assert [shown[name] for name in names] == [1, 1, 1, 1]
    await house.store.write([you], lambda tx: tx.set_flags(you, inbox.mailbox_id, [2], seen))
    (shown,) = (await house.call("Mailbox/get", ids=[role], properties=list(names)))["list"]
    assert [shown[name] for name in names] == [1, 0, 1, 0]
