"""The tables of a shard as numbered steps of SQL statements, in the words of a dialect (SCALE C.2, C.7).

Every key of an account's rows begins with `account_id`. Ids and times are made by the application. A step that has
been released never changes; a change is a new step at the end.
"""

from typing import Final

from pillarbox.engines.migration import Step
from pillarbox.engines.schema.statistics import FIRST, NOTES, SHARING
from pillarbox.store.port import Dialect

_ACCOUNTS: Final = (
    # The lock row of an account (DESIGN §3). log_floor: changes up to this modseq are no longer in change_log.
    """CREATE TABLE account (account_id {integer} NOT NULL, modseq {integer} NOT NULL, uidvalidity {integer} NOT NULL,
    used {integer} NOT NULL, messages {integer} NOT NULL, quota {integer}, log_floor {integer} NOT NULL,
    PRIMARY KEY (account_id)){clustered}""",
    """CREATE TABLE mailbox (account_id {integer} NOT NULL, mailbox_id {integer} NOT NULL, parent_id {integer},
    name {text} NOT NULL, role {text}, uidvalidity {integer} NOT NULL, uidnext {integer} NOT NULL,
    highestmodseq {integer} NOT NULL, total {integer} NOT NULL, unseen {integer} NOT NULL, deleted {integer} NOT NULL,
    size {integer} NOT NULL, subscribed {integer} NOT NULL, sort_order {integer} NOT NULL,
    created_modseq {integer} NOT NULL, vanished_floor {integer} NOT NULL,
    PRIMARY KEY (account_id, mailbox_id)){clustered}""",
    "CREATE UNIQUE INDEX mailbox_name ON mailbox (account_id, name)",
)

_MESSAGES: Final = (
    # Not clustered: rows of about 2 KB, appended in order of arrival.
    """CREATE TABLE message (account_id {integer} NOT NULL, message_id {integer} NOT NULL, thread_id {integer} NOT NULL,
    blob_id {text} NOT NULL, blob_offset {integer} NOT NULL, blob_length {integer} NOT NULL, size {integer} NOT NULL,
    received {integer} NOT NULL, sent {integer}, created_modseq {integer} NOT NULL, preview {text} NOT NULL,
    envelope {octets} NOT NULL, bodystructure {octets} NOT NULL, body {octets} NOT NULL, structure {octets} NOT NULL,
    headers {octets} NOT NULL, PRIMARY KEY (account_id, message_id))""",
    "CREATE INDEX message_thread ON message (account_id, thread_id, received, message_id)",
    "CREATE INDEX message_blob ON message (blob_id)",
    # size, received, thread_id are the message's own, repeated so that lists and FETCH FLAGS read one index range.
    """CREATE TABLE placement (account_id {integer} NOT NULL, mailbox_id {integer} NOT NULL, uid {integer} NOT NULL,
    message_id {integer} NOT NULL, flags {integer} NOT NULL, keywords {text} NOT NULL, modseq {integer} NOT NULL,
    size {integer} NOT NULL, received {integer} NOT NULL, saved {integer} NOT NULL, thread_id {integer} NOT NULL,
    PRIMARY KEY (account_id, mailbox_id, uid)){clustered}""",
    "CREATE INDEX placement_modseq ON placement (account_id, mailbox_id, modseq, flags, keywords)",
    "CREATE INDEX placement_message ON placement (account_id, message_id)",
    "CREATE INDEX placement_received ON placement (account_id, mailbox_id, received)",
    """CREATE TABLE vanished (account_id {integer} NOT NULL, mailbox_id {integer} NOT NULL, modseq {integer} NOT NULL,
    uid {integer} NOT NULL, at {integer} NOT NULL, PRIMARY KEY (account_id, mailbox_id, modseq, uid)){clustered}""",
    """CREATE TABLE thread_key (account_id {integer} NOT NULL, key {integer} NOT NULL, thread_id {integer} NOT NULL,
    PRIMARY KEY (account_id, key)){clustered}""",
)

_OCTETS: Final = (
    # Octets up to BLOB_INLINE; coding 0 as they are, 1 zstd.
    """CREATE TABLE blob (account_id {integer} NOT NULL, blob_id {text} NOT NULL, coding {integer} NOT NULL,
    octets {octets} NOT NULL, PRIMARY KEY (account_id, blob_id))""",
    """CREATE TABLE blob_dead (account_id {integer} NOT NULL, blob_id {text} NOT NULL, dead_at {integer} NOT NULL,
    PRIMARY KEY (account_id, blob_id)){clustered}""",
    """CREATE TABLE upload (account_id {integer} NOT NULL, blob_id {text} NOT NULL, size {integer} NOT NULL,
    type {text} NOT NULL, at {integer} NOT NULL, PRIMARY KEY (account_id, blob_id)){clustered}""",
    "CREATE INDEX upload_blob ON upload (blob_id)",
    """CREATE TABLE damaged (account_id {integer} NOT NULL, blob_id {text} NOT NULL, at {integer} NOT NULL,
    reason {text} NOT NULL, PRIMARY KEY (account_id, blob_id)){clustered}""",
)

_LOGS: Final = (
    # op 1 created, 2 updated, 3 destroyed, 4 updated in its counters only.
    """CREATE TABLE change_log (account_id {integer} NOT NULL, modseq {integer} NOT NULL, kind {text} NOT NULL,
    object_id {text} NOT NULL, op {integer} NOT NULL, at {integer} NOT NULL,
    PRIMARY KEY (account_id, modseq, kind, object_id)){clustered}""",
    """CREATE TABLE delivery_seen (account_id {integer} NOT NULL, delivery_id {text} NOT NULL, at {integer} NOT NULL,
    PRIMARY KEY (account_id, delivery_id)){clustered}""",
    """CREATE TABLE object (account_id {integer} NOT NULL, kind {text} NOT NULL, object_id {text} NOT NULL,
    modseq {integer} NOT NULL, data {octets} NOT NULL, PRIMARY KEY (account_id, kind, object_id)){clustered}""",
    # Work for another shard, committed with what causes it.
    """CREATE TABLE outbox (account_id {integer} NOT NULL, outbox_id {integer} NOT NULL, kind {text} NOT NULL,
    payload {octets} NOT NULL, PRIMARY KEY (account_id, outbox_id)){clustered}""",
    """CREATE TABLE queue (account_id {integer} NOT NULL, queue_id {integer} NOT NULL, sender {text} NOT NULL,
    recipient {text} NOT NULL, destination {text} NOT NULL, due {integer} NOT NULL, created {integer} NOT NULL,
    attempts {integer} NOT NULL, state {text} NOT NULL, last_reply {text} NOT NULL, blob_id {text} NOT NULL,
    blob_offset {integer} NOT NULL, blob_length {integer} NOT NULL, submission_id {text} NOT NULL,
    lease_owner {text} NOT NULL, lease_token {integer} NOT NULL, PRIMARY KEY (account_id, queue_id)){clustered}""",
    "CREATE INDEX queue_due ON queue (state, due)",
    "CREATE INDEX queue_blob ON queue (blob_id)",
)

_DIRECTORY: Final = (
    # One row: changed by every change of the directory, so that other processes forget what they remember of it.
    "CREATE TABLE directory (one {integer} NOT NULL, version {integer} NOT NULL, PRIMARY KEY (one)){clustered}",
    "INSERT INTO directory (one, version) VALUES (1, 1)",
    "CREATE TABLE domain (domain {text} NOT NULL, PRIMARY KEY (domain)){clustered}",
    """CREATE TABLE person (account_id {integer} NOT NULL, login {text} NOT NULL, name {text} NOT NULL,
    password {text} NOT NULL, active {integer} NOT NULL, PRIMARY KEY (account_id)){clustered}""",
    "CREATE UNIQUE INDEX person_login ON person (login)",
    """CREATE TABLE alias (address {text} NOT NULL, target {text} NOT NULL,
    PRIMARY KEY (address, target)){clustered}""",
    "CREATE INDEX alias_target ON alias (target)",
)

_SEARCHED: Final = (
    "CREATE INDEX message_modseq ON message (account_id, created_modseq, message_id)",
    "CREATE INDEX message_sent ON message (account_id, sent, message_id)",
)

_DAMAGE: Final = (
    # settled: a repair has seen it and could do no more; its message stays, with what is known of it.
    "ALTER TABLE damaged ADD COLUMN settled {integer} NOT NULL DEFAULT 0",
)

_NAMES: Final = (
    # selectable 0: only a name, kept for the mailboxes below it. A subscribed mailbox has a flag, a name without one a
    # row here.
    "ALTER TABLE mailbox ADD COLUMN selectable {integer} NOT NULL DEFAULT 1",
    """CREATE TABLE subscription (account_id {integer} NOT NULL, name {text} NOT NULL,
    PRIMARY KEY (account_id, name)){clustered}""",
)

_SCRAM: Final = (
    # Keys by family, as `wire.sasl.keys` spells them; empty until the password is set or used again.
    "ALTER TABLE person ADD COLUMN scram {text} NOT NULL DEFAULT ''",
)

_LISTING: Final = (
    # Apart from the message, so that neither makes reading the other longer (decision 0005). Messages from before, and
    # those with odd headers, have none.
    """CREATE TABLE listing (account_id {integer} NOT NULL, message_id {integer} NOT NULL, octets {octets} NOT NULL,
    PRIMARY KEY (account_id, message_id)){clustered}""",
)

_NOTES: Final = (
    # RFC 5464. mailbox_id 0: of the account, and with account_id 0 of the server. owner 0: shared, else whose private
    # note it is.
    """CREATE TABLE metadata (account_id {integer} NOT NULL, owner {integer} NOT NULL, mailbox_id {integer} NOT NULL,
    entry {text} NOT NULL, value {octets} NOT NULL, PRIMARY KEY (account_id, owner, mailbox_id, entry)){clustered}""",
    "CREATE INDEX metadata_mailbox ON metadata (account_id, mailbox_id)",
    # What quota is for octets; no value: no limit.
    "ALTER TABLE account ADD COLUMN quota_messages {integer}",
    "ALTER TABLE account ADD COLUMN quota_mailboxes {integer}",
    # admin 1: may change what holds for everybody.
    "ALTER TABLE person ADD COLUMN admin {integer} NOT NULL DEFAULT 0",
)

_SORTING: Final = (
    # message.sorting: what SORT and THREAD compare, apart because it is read for whole mailboxes at once (decision
    # 0007). Messages from before have none until a mailbox with them is sorted.
    """CREATE TABLE sort_key (account_id {integer} NOT NULL, message_id {integer} NOT NULL, sent {integer},
    subject {octets} NOT NULL, from_box {octets} NOT NULL, to_box {octets} NOT NULL, cc_box {octets} NOT NULL,
    from_shown {octets} NOT NULL, to_shown {octets} NOT NULL, reply {integer} NOT NULL, name {integer},
    parents {octets} NOT NULL, PRIMARY KEY (account_id, message_id)){clustered}""",
)

_SHARING: Final = (
    # Who may do what in whose mailbox, as letters of RFC 4314 §2.1; grantee 0 is anyone. denied: taken from what this
    # or another row grants.
    """CREATE TABLE acl (account_id {integer} NOT NULL, mailbox_id {integer} NOT NULL, grantee {integer} NOT NULL,
    rights {text} NOT NULL, denied {text} NOT NULL, PRIMARY KEY (account_id, mailbox_id, grantee)){clustered}""",
    "CREATE INDEX acl_grantee ON acl (grantee, account_id, mailbox_id)",
    # shared 1: an account that nobody logs in to, whose mailboxes are there to be shared.
    "ALTER TABLE person ADD COLUMN shared {integer} NOT NULL DEFAULT 0",
)

_UTF8: Final = (
    # The envelope of a message whose header is not all ASCII, for clients that take UTF-8 (RFC 6855). Messages from
    # before have none.
    "ALTER TABLE message ADD COLUMN envelope_utf8 {octets}",
)

_DEVICES: Final = (
    # What the programs of an account say of themselves, as JSON; device_id is a hash of it.
    """CREATE TABLE device (account_id {integer} NOT NULL, device_id {text} NOT NULL, fields {text} NOT NULL,
    address {text} NOT NULL, first_seen {integer} NOT NULL, last_seen {integer} NOT NULL,
    PRIMARY KEY (account_id, device_id)){clustered}""",
)

_STEPS: Final = (
    ("the first tables", (*_ACCOUNTS, *_MESSAGES, *_OCTETS, *_LOGS, *_DIRECTORY)),
    ("what is not indexed yet, and when messages were sent", _SEARCHED),
    ("octets that are lost for good", _DAMAGE),
    ("mailboxes that are only names, names subscribed to that have no mailbox", _NAMES),
    ("what SCRAM keeps of passwords", _SCRAM),
    ("header fields that programs list messages by", _LISTING),
    ("notes on mailboxes and the server, limits of messages and mailboxes, admins", _NOTES),
    ("what messages are sorted and threaded by", _SORTING),
    ("mailboxes shared with others", _SHARING),
    ("envelopes with UTF-8", _UTF8),
    ("programs by what they say of themselves", _DEVICES),
)

_STATISTICS: Final = (
    (1000, "statistics", FIRST),
    (1001, "statistics of what is shared", SHARING),
    (1002, "statistics of notes", NOTES),
)
"""Steps that only SQLite has; a further one whenever there are more statistics."""


def steps(dialect: Dialect) -> tuple[Step, ...]:
    """Every step, in the words of a dialect: `await migrate(database, steps(database.dialect))`."""
    words = {
        "integer": dialect.integer,
        "octets": dialect.octets,
        "text": dialect.text,
        "clustered": dialect.clustered,
    }
    tables = tuple(
        Step(number, name, tuple(statement.format_map(words) for statement in statements))
        for number, (name, statements) in enumerate(_STEPS, 1)
    )
    if dialect.name != "sqlite":
        return tables
    return (*tables, *(Step(*one) for one in _STATISTICS))
