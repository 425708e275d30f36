"""The Session object: what this server can do for whom, and where (RFC 8620 §2, RFC 8621 §1.3)."""

from hashlib import blake2b

from pillarbox.core import limits
from pillarbox.wire.jmap.codec import Json, encode

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"
SUBMISSION = "urn:ietf:params:jmap:submission"
CAPABILITIES = (CORE, MAIL, SUBMISSION)

EMAIL_SORTS = [
    "receivedAt", "sentAt", "size", "from", "to", "subject",
    "hasKeyword", "allInThreadHaveKeyword", "someInThreadHaveKeyword",
]  # fmt: skip
COLLATIONS = ["i;ascii-casemap", "i;unicode-casemap"]


def _core(upload: int) -> Json:
    return {
        "maxSizeUpload": upload,
        "maxConcurrentUpload": limits.JMAP_UPLOAD_CONCURRENT,
        "maxSizeRequest": limits.JMAP_REQUEST,
        "maxConcurrentRequests": limits.JMAP_REQUEST_CONCURRENT,
        "maxCallsInRequest": limits.JMAP_CALLS,
        "maxObjectsInGet": limits.JMAP_GET,
        "maxObjectsInSet": limits.JMAP_SET,
        "collationAlgorithms": COLLATIONS,
    }


def _mail(message_size: int) -> Json:
    return {
        "maxMailboxesPerEmail": None,
        "maxMailboxDepth": limits.MAILBOX_DEPTH,
        "maxSizeMailboxName": limits.MAILBOX_NAME,
        "maxSizeAttachmentsPerEmail": message_size * 7 // 10,  # base64 and line ends make four octets of three
        "emailQuerySortOptions": EMAIL_SORTS,
        "mayCreateTopLevelMailbox": True,
    }


def session_object(account: str, username: str, message_size: int, root: str = "") -> Json:
    """The Session object of somebody with the one account `account`. `root` is where clients find the server, such as
    https://mail.example; without it addresses are relative to it. The state is the same under every root."""
    submission: Json = {"maxDelayedSend": 0, "submissionExtensions": {"SIZE": [str(message_size)]}}
    session: Json = {
        "capabilities": {CORE: _core(message_size), MAIL: {}, SUBMISSION: {}},
        "accounts": {
            account: {
                "name": username,
                "isPersonal": True,
                "isReadOnly": False,
                "accountCapabilities": {MAIL: _mail(message_size), SUBMISSION: submission},
            }
        },
        "primaryAccounts": {MAIL: account, SUBMISSION: account},
        "username": username,
        **_ADDRESSES,
    }
    addresses = {name: root + path for name, path in _ADDRESSES.items()}
    return {**session, **addresses, "state": blake2b(encode(session), digest_size=8).hexdigest()}


_ADDRESSES = {
    "apiUrl": "/jmap/api",
    "downloadUrl": "/jmap/download/{accountId}/{blobId}/{name}?type={type}",
    "uploadUrl": "/jmap/upload/{accountId}/",
    "eventSourceUrl": "/jmap/eventsource/?types={types}&closeafter={closeafter}&ping={ping}",
}
