"""Mailbox objects (RFC 8621 §2)."""

from collections.abc import Mapping

from pillarbox.core.ids import MailboxId, spell
from pillarbox.store.model import MAILBOX_PREFIX, Counts, Mailbox
from pillarbox.wire.jmap.codec import Json

COUNTS = ("totalEmails", "unreadEmails", "totalThreads", "unreadThreads")
PROPERTIES = ("id", "name", "parentId", "role", "sortOrder", *COUNTS, "myRights", "isSubscribed")
NONE = Counts(0, 0, 0, 0)


def spelled(mailbox_id: MailboxId | None) -> str | None:
    """The id of a mailbox, None for none."""
    return None if mailbox_id is None else spell(MAILBOX_PREFIX, mailbox_id)


def own_name(mailbox: Mailbox) -> str:
    """The last component of the full name; INBOX is written as people read it."""
    return "Inbox" if mailbox.role == "inbox" else mailbox.name.rpartition("/")[2]


def rights(mailbox: Mailbox) -> Json:
    """What the owner may do: everything, but INBOX stays and what is only a name holds no messages."""
    stays = mailbox.role == "inbox"
    return {
        "mayReadItems": True,
        "mayAddItems": mailbox.selectable,
        "mayRemoveItems": True,
        "maySetSeen": True,
        "maySetKeywords": True,
        "mayCreateChild": True,
        "mayRename": not stays,
        "mayDelete": not stays,
        "maySubmit": True,
    }


def traits(mailbox: Mailbox) -> Json:
    """The properties that a client may set."""
    return {
        "name": own_name(mailbox),
        "parentId": spelled(mailbox.parent_id),
        "role": mailbox.role,
        "sortOrder": mailbox.sort_order,
        "isSubscribed": mailbox.subscribed,
    }


def show_mailbox(mailbox: Mailbox, counts: Mapping[MailboxId, Counts]) -> Json:
    """The whole object."""
    found = counts.get(mailbox.mailbox_id, NONE)
    return {
        "id": spelled(mailbox.mailbox_id),
        **traits(mailbox),
        "totalEmails": found.emails,
        "unreadEmails": found.unread,
        "totalThreads": found.threads,
        "unreadThreads": found.unread_threads,
        "myRights": rights(mailbox),
    }
