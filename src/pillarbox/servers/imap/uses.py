"""Special uses of mailboxes: the store's roles and their IMAP attributes (RFC 6154 §2, RFC 8457)."""

from typing import Final

ATTRIBUTES: Final = {
    "archive": "\\Archive",
    "drafts": "\\Drafts",
    "flagged": "\\Flagged",
    "important": "\\Important",
    "junk": "\\Junk",
    "sent": "\\Sent",
    "trash": "\\Trash",
}
"""Role → attribute. INBOX needs none."""
ROLES: Final = {attribute.lower(): role for role, attribute in ATTRIBUTES.items()}
"""Attribute in lower case → role."""
