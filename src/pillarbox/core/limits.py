"""Every bound on what a stranger controls, each with the RFC section or the reason it comes from."""

# SMTP
SMTP_LINE = 2048  # RFC 5321 §4.5.3.1.4 asks for 512; SMTPUTF8, DSN and AUTH (RFC 4954 §4: 12288) add to it
SMTP_AUTH_LINE = 12288  # RFC 4954 §4
SMTP_RECIPIENTS = 1000  # RFC 5321 §4.5.3.1.8 asks for at least 100
SMTP_ERRORS = 20  # bad commands before a connection is closed
SMTP_HOPS = 100  # RFC 5321 §6.3: Received headers before a loop is assumed
SMTP_PATH = 256  # RFC 5321 §4.5.3.1.3
SMTP_LOCAL_PART = 64  # RFC 5321 §4.5.3.1.1
SMTP_DOMAIN = 255  # RFC 5321 §4.5.3.1.2
SMTP_IDLE = 300  # seconds, RFC 5321 §4.5.3.2.7

# IMAP
IMAP_LINE = 65536  # RFC 7162 §4 asks for 8192 at least; long UID sets need more
IMAP_LITERAL_SMALL = 1 << 20  # a literal outside APPEND: search words, mailbox names, passwords
IMAP_COMMAND = 4 << 20  # all lines and literals of one command outside APPEND
IMAP_LITERALS = 1000  # literals in one command
IMAP_NESTING = 50  # parentheses in SEARCH and lists
IMAP_SET_PARTS = 20000  # parts of one sequence set
IMAP_UNAUTHENTICATED_IDLE = 60  # seconds before login
IMAP_IDLE = 1800  # seconds, RFC 9051 §5.4: 30 minutes
IMAP_ERRORS = 50  # bad commands before a connection is closed

# POP3
POP3_LINE = 512  # RFC 2449 §4: 255 octets; AUTH needs more
POP3_AUTH_LINE = 12288  # RFC 5034 §4
POP3_IDLE = 600  # seconds, RFC 1939 §3: at least 10 minutes
POP3_ERRORS = 20

# Messages
MESSAGE_SIZE = 50 << 20  # octets, the default of the setting `limits.message_size`
SPOOL_MEMORY = 1 << 20  # octets of an arriving message kept in memory before it goes to a temporary file
MIME_DEPTH = 100  # nested parts; deeper ones are leaves
MIME_PARTS = 10_000  # parts of one message; what follows belongs to the last one
HEADER_FIELDS = 10_000  # fields of one header; what follows is not looked at
HEADER_FIELD = 1 << 20  # octets of one field that are decoded
ADDRESSES = 5_000  # addresses decoded of one field
BLOB_INLINE = 64 << 10  # octets, DESIGN §3: up to this a blob is a row, above it is a file
PREVIEW = 256  # characters, RFC 8970 §3.2 and RFC 8621 §4.1.4

# Mailboxes
MAILBOX_NAME = 255  # octets of UTF-8 in one component
MAILBOX_DEPTH = 20
MAILBOXES = 10_000  # per account
KEYWORDS_PER_MESSAGE = 100
KEYWORD = 255  # octets, RFC 8621 §4.1.1

# Store
PAGE = 500  # rows read in one go; other sessions run between pages
CHUNK = 64 << 10  # octets read or written in one go
GROUP = 100  # transactions in one commit

# JMAP, RFC 8620 §2
JMAP_REQUEST = 10_000_000
JMAP_UPLOAD_CONCURRENT = 4
JMAP_REQUEST_CONCURRENT = 8
JMAP_CALLS = 64
JMAP_GET = 1000
JMAP_SET = 1000
JMAP_UPLOAD_LIFE = 86_400  # seconds an upload lives unreferenced, RFC 8620 §6.1: at least one hour
HTTP_EVENT_SOURCES = 16  # per account

# Logins
PASSWORD = 1024  # octets
LOGIN_FAILURES = 10  # per network address and minute, before answers are delayed
