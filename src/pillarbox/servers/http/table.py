"""Every JMAP method: what answers it, the type of its arguments, the capability it belongs to."""

from pillarbox.servers.http.context import Method
from pillarbox.servers.http.methods.blob_copy import blob_copy
from pillarbox.servers.http.methods.email_get import email_get, email_parse
from pillarbox.servers.http.methods.email_query import email_changes, email_query, email_query_changes
from pillarbox.servers.http.methods.email_set import email_copy, email_import, email_set
from pillarbox.servers.http.methods.identity import identity_changes, identity_get, identity_set
from pillarbox.servers.http.methods.mailbox_get import (
    mailbox_changes,
    mailbox_get,
    mailbox_query,
    mailbox_query_changes,
)
from pillarbox.servers.http.methods.mailbox_set import mailbox_set
from pillarbox.servers.http.methods.snippet import snippet_get
from pillarbox.servers.http.methods.submission_get import (
    submission_changes,
    submission_get,
    submission_query,
    submission_query_changes,
)
from pillarbox.servers.http.methods.submission_set import submission_set
from pillarbox.servers.http.methods.thread import thread_changes, thread_get
from pillarbox.wire.jmap.arguments import BlobCopy, Changes, Copy, Get, Query, QueryChanges, Set
from pillarbox.wire.jmap.mail import (
    EmailGet,
    EmailImport,
    EmailParse,
    EmailQuery,
    EmailQueryChanges,
    MailboxQuery,
    MailboxQueryChanges,
    MailboxSet,
    SnippetGet,
    SubmissionSet,
)
from pillarbox.wire.jmap.session import CORE, MAIL, SUBMISSION

METHODS: dict[str, Method] = {
    "Blob/copy": Method(blob_copy, BlobCopy, CORE),
    "Mailbox/get": Method(mailbox_get, Get, MAIL),
    "Mailbox/changes": Method(mailbox_changes, Changes, MAIL),
    "Mailbox/query": Method(mailbox_query, MailboxQuery, MAIL),
    "Mailbox/queryChanges": Method(mailbox_query_changes, MailboxQueryChanges, MAIL),
    "Mailbox/set": Method(mailbox_set, MailboxSet, MAIL),
    "Thread/get": Method(thread_get, Get, MAIL),
    "Thread/changes": Method(thread_changes, Changes, MAIL),
    "Email/get": Method(email_get, EmailGet, MAIL),
    "Email/changes": Method(email_changes, Changes, MAIL),
    "Email/query": Method(email_query, EmailQuery, MAIL),
    "Email/queryChanges": Method(email_query_changes, EmailQueryChanges, MAIL),
    "Email/set": Method(email_set, Set, MAIL),
    "Email/copy": Method(email_copy, Copy, MAIL),
    "Email/import": Method(email_import, EmailImport, MAIL),
    "Email/parse": Method(email_parse, EmailParse, MAIL),
    "SearchSnippet/get": Method(snippet_get, SnippetGet, MAIL),
    "Identity/get": Method(identity_get, Get, SUBMISSION),
    "Identity/changes": Method(identity_changes, Changes, SUBMISSION),
    "Identity/set": Method(identity_set, Set, SUBMISSION),
    "EmailSubmission/get": Method(submission_get, Get, SUBMISSION),
    "EmailSubmission/changes": Method(submission_changes, Changes, SUBMISSION),
    "EmailSubmission/query": Method(submission_query, Query, SUBMISSION),
    "EmailSubmission/queryChanges": Method(submission_query_changes, QueryChanges, SUBMISSION),
    "EmailSubmission/set": Method(submission_set, SubmissionSet, SUBMISSION),
}
