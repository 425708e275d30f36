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
SMTP_DATA_LINE = 1 << 20  # octets; RFC 5321 §4.5.3.1.6 asks for 1000, long lines are common; nobody writes a longer one
SMTP_HEADER = 1 << 20  # octets of a header held in memory until it is complete
SMTP_ENDURANCE = 4  # times the largest message that are read of one that is refused, before the connection is ended
SMTP_IDLE = 300  # seconds, RFC 5321 §4.5.3.2.7

# IMAP
IMAP_LINE = 65536  # RFC 7162 §4 asks for 8192 at least; long UID sets need more
IMAP_LITERAL_SMALL = 1 << 20  # a literal outside APPEND: search words, mailbox names, passwords
IMAP_LITERAL_MINUS = 4096  # a literal that comes without waiting for `+`, before login, RFC 7888 §5
IMAP_ENDURANCE = 4  # times the largest message that are read of what was refused, before the connection is ended
IMAP_COMMAND = 4 << 20  # all lines and literals of one command outside APPEND
IMAP_LITERALS = 1000  # literals in one command
IMAP_AUTH_LINE = 12288  # lines of AUTHENTICATE, RFC 4954 §4 as for SMTP
IMAP_BEFORE_LOGIN = 36 << 10  # lines and literals of strangers; RFC 2971 §3.3: thirty fields of 30 and 1024 octets
IMAP_APPEND = 256 << 20  # octets of all messages of one APPEND, RFC 3502
IMAP_APPEND_MEMORY = 4 << 20  # octets of small messages of one APPEND that wait in memory for the last; others in files
IMAP_APPEND_INLINE = 20  # messages of one APPEND that are stored while others wait; more are stored beside them
IMAP_PATIENCE = 15  # seconds of searching after which the client is told so; one that has gone is noticed by it
IMAP_PROBE = 1  # seconds after which a client that sends nothing more is told so again, to see whether it is there
IMAP_PATTERNS = 100  # patterns in one LIST, RFC 5258 §3
IMAP_PATTERN_TEXT = 4096  # characters of all of them together: each is a position to be held against each name
QUOTA_WARNING = 90  # percent of a limit from which on a client is warned: the soft quota of RFC 9208 §4.3.1
LIST_PORTION = 100  # names of one LIST that are answered before others run
TURN = 0.005  # seconds a session works on something long before others run
IMAP_SEARCH_KEYS = 1000  # keys in one SEARCH; each may mean reading every message, as JMAP_FILTER for JMAP
IMAP_NESTING = 50  # parentheses in SEARCH and lists
IMAP_SET_PARTS = 20000  # parts of one sequence set, and of all in one SEARCH: each is found among the messages
IMAP_SAVED = 100_000  # runs of messages kept for `$`; more is refused, RFC 5182 §2.5
IMAP_CONTEXTS = 16  # results of one session that are kept up to date, RFC 5267 §4.3.1: at least one
IMAP_CONTEXT_MESSAGES = 2_000_000  # messages in all of them, 8 octets each
IMAP_CONTEXT_SORTED = 100_000  # messages in all of them beyond which no sorted one is added: it is read as a whole
IMAP_CONTEXT_KEY = 2000  # parts of the keys of one of them, which are kept with it
IMAP_UNAUTHENTICATED_IDLE = 60  # seconds before login
IMAP_IDENTIFIER = 256  # octets of who is named in an ACL or of a quota root, RFC 4314 §3, as for SMTP paths
IMAP_ENTRY = 1024  # octets of the name of a METADATA entry, RFC 5464 §3.1
IMAP_ENTRIES = 200  # entries of METADATA named in one command: each is looked for among those of each mailbox
IMAP_IDLE = 1800  # seconds, RFC 9051 §5.4: 30 minutes
IMAP_FETCH_HEADER = 4 << 20  # octets of a header that HEADER.FIELDS looks at in a large message
IMAP_FETCH_ITEMS = 500  # items of one FETCH, and field names of one section; each item means work for each message
IMAP_FETCH_BATCH = 1 << 20  # octets of small messages read together for one FETCH
IMAP_MEASURES = 10_000  # large parts of which a process remembers how many octets they have without their encoding
IMAP_INLINE = 50  # messages changed in one transaction on the loop; more are changed beside it
IMAP_PORTION = 500  # messages changed in one transaction by STORE and EXPUNGE; other sessions run in between
IMAP_KEYWORDS = 500  # keywords a client is told of in FLAGS, each time anew (RFC 3501 §7.2.6)
IMAP_MESSAGES = 100_000  # messages of one COPY or APPEND, the default of `imap.message_limit`, RFC 9738 §3
IMAP_BATCH = 500  # messages of a batch at least, RFC 10022 §3.1.3.2
IMAP_BATCH_SPAN = 100_000  # messages in the batches of one answer, where a client says which, RFC 10022 §3.1.5
IMAP_BATCH_TURNS = 10  # times a mailbox is parted that has hardly changed since, RFC 10022 §3.1.1
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
MIME_CANDIDATES = 1_000_000  # lines beginning with -- that are compared with the open boundaries
ENCODED_LINE = 128 << 10  # octets of a line of quoted-printable that are decoded together; RFC 2045 §6.7 (5) allows 76
ENCODED_RUNS = 1000  # runs of base64 set apart by padding that are told apart
HTML_SIZE = 4 << 20  # characters of an HTML body that are cleaned
HTML_WORK = 4_000_000  # sum over the tags of the elements open before them; a real newsletter has less than 500,000
HTML_REFERENCES = 100_000  # ampersands: each makes the parser copy the text before it once more
HTML_FORMATTING_WORK = 400_000  # the same for b, font and their kind, which HTML opens again in every paragraph
HEADER_FIELDS = 10_000  # fields of one header; what follows is not looked at
HEADER_FIELD = 1 << 20  # octets of one field that are decoded
ADDRESSES = 5_000  # addresses decoded of one field
BLOB_INLINE = 128 << 10  # octets: up to this a blob is a row, above it is a file; decision 0004
SPOOL_ALL = 64 << 20  # octets of all messages arriving at a process that are kept in memory; more go to files at once
LISTING = 4096  # octets of the header fields that are kept apart for lists, message.listing
LISTING_HEADER = 64 << 10  # octets of a header that such fields are kept of
LISTING_LAYOUT = 2048  # octets of the names of its fields
PREVIEW = 256  # characters, RFC 8970 §3.2 and RFC 8621 §4.1.4

# Mailboxes
MAILBOX_NAME = 255  # octets of UTF-8 in one component
MAILBOX_DEPTH = 20
MAILBOXES = 10_000  # per account
METADATA_VALUE = 64 << 10  # octets of one value of METADATA, RFC 5464 §4.1 asks for 1024 at least
METADATA_ENTRIES = 100  # entries of one mailbox, or of the server, RFC 5464 §4.1 asks for 10 at least; shared and
# each person's private ones by themselves, as the two limits below
METADATA_ALL = 10_000  # entries of all mailboxes of an account
METADATA_OCTETS = 4 << 20  # octets of their names and values; what LIST RETURN (METADATA …) answers at most
ACL_ENTRIES = 1_000  # of one mailbox, each asked for by GETACL and taken over by mailboxes made below it
ACL_ALL = 20_000  # of all mailboxes of an account
SHARED_MAILBOXES = 10_000  # entries of others' access control lists that one login's LIST looks at
KEYWORDS_PER_MESSAGE = 100
KEYWORD = 255  # octets, RFC 8621 §4.1.1

# Store
PAGE = 500  # rows read in one go; other sessions run between pages
CHUNK = 64 << 10  # octets read or written in one go
GROUP = 100  # transactions in one commit
BLOB_GRACE = 86_400  # seconds octets outlive their last reference: readers that are under way, backups
LOG_LIFE = 30 * 86_400  # seconds the change log and tombstones are kept for clients that were away
DELIVERY_LIFE = 7 * 86_400  # seconds a delivery id is remembered; senders give up after five days (RFC 5321 §4.5.4.1)
THREAD_PARENTS = (10, 90)  # message ids of References that THREAD follows, the first and the last of them
THREAD_MISSING = 1_000_000  # messages that others refer to and that are not there, of one THREAD
THREAD_STEPS = 20_000_000  # from messages to those above them, looking for loops that references would make
THREAD_REFERENCES = 20  # last message ids of References by which a message finds its thread
VIEWS = 2000  # mailbox views kept per process
OBJECT = 1 << 20  # octets of a small object (Identity, VacationResponse)
DIRECTORY_CACHE = 20_000  # addresses and accounts remembered per process
ALIAS_DEPTH = 10  # aliases leading to aliases
ALIAS_TARGETS = 1000  # accounts and remote addresses one address leads to

DEVICES = 100  # programs of an account that are remembered, RFC 2971 §7; of more those seen last
DEVICE_VALUE = 200  # characters of what one says of itself in one field
DEVICE_CACHE = 20_000  # programs a process knows to be written today

# Searching
SEARCH_TEXT = 4 << 20  # characters of a message's body text that are searched
SEARCH_OCTETS = 16 << 20  # octets of one message that are read for it
SEARCH_WHOLE = 1 << 20  # octets of a message up to which it is read in one piece
SEARCH_TERM = 64  # characters of a term of the index; longer runs of letters are cut into overlapping pieces
SEARCH_TERMS = 50_000  # terms of one message that are indexed; what has more is looked at again for every search
SEARCH_SIGNATURE = 64 << 10  # octets that tell which words of a message are neighbours
SEARCH_EXPANSION = 100_000  # terms a substring may be part of before the index is no help
SEARCH_ALIKE = 1000  # terms that are taken for misspelt in FUZZY, RFC 6203
SEARCH_FUZZY = 16  # words of a FUZZY key that are looked for, and of all of them by which answers are ranked
SEARCH_TOGETHER = 8  # conditions on texts the index is asked for before other searches have their turn
SEARCH_WORDS = 100  # words of one JMAP text condition
SEARCH_BATCH = 200  # messages of one commit of the index
SEARCH_BATCH_OCTETS = 16 << 20  # octets of the messages of one commit of the index
SEARCH_PAGE = 100  # messages whose octets are looked at between two turns of the loop
SEARCH_PAGE_OCTETS = 512 << 10  # octets of them, unless it is a single one
SEARCH_LOOKS = 1_000  # messages, the newest, whose octets one JMAP query looks at where the index does not decide
SEARCH_LOOK_OCTETS = 32 << 20  # octets of messages it looks at for that

# JMAP, RFC 8620 §2
JMAP_REQUEST = 10_000_000
JMAP_UPLOAD_CONCURRENT = 4
JMAP_REQUEST_CONCURRENT = 8
JMAP_CALLS = 64
JMAP_GET = 1000
JMAP_SET = 1000
JMAP_QUERY = 10_000  # ids of one query answer; `limit` is lowered to this, RFC 8620 §5.5
JMAP_REFERENCED = 100_000  # values one result reference may give
JMAP_REFERENCED_SIZE = 10_000_000  # characters of all that the result references of one request give, 16 for each value
JMAP_REFERENCE_DEPTH = 50  # tokens of the path of a result reference
JMAP_PROPERTIES = 500  # properties asked for in one call: each is worked out for each object
JMAP_BODY_PROPERTIES = 50  # properties of body parts: each is worked out for each part of each message
JMAP_FILTER = 500  # conditions and operators of one filter
JMAP_FILTER_DEPTH = 20  # operators within operators
JMAP_SORT = 10  # comparators of one sort
JMAP_CHANGES = 5_000  # ids of one /changes or /queryChanges answer
JMAP_PARSE = 100  # blobs of one Email/parse
JMAP_BODY_VALUES = 32 << 20  # octets of text in one answer
JMAP_OBJECT = 256 << 10  # octets of one Identity or EmailSubmission
JMAP_IDENTITIES = 200  # per account
JMAP_UPLOAD_LIFE = 86_400  # seconds an upload lives unreferenced, RFC 8620 §6.1: at least one hour
HTTP_EVENT_SOURCES = 16  # per account
HTTP_ENDED = 1_000  # sessions of one account that were logged out and could still be asked for by a stolen token
HTTP_FORM = 16 << 10  # octets of a login request
HTTP_CONNECTIONS = 5_000  # open at once in one process
HTTP_KEEP_ALIVE = 75  # seconds an idle connection is kept
HTTP_BODY_WAIT = 60  # seconds between two pieces of a request body
HTTP_BODY_RATE = 500  # octets a second a request body must come with on the whole, after HTTP_BODY_WAIT
HTTP_SEND_WAIT = 120  # seconds a client may leave an answer unread
HTTP_STATIC = 16 << 20  # octets of one file of the webmail, all of which are kept in memory
HTTP_HEADER = 32 << 10  # octets of a request line and header
HTTP_FIELDS = 100  # fields of a request header
HTTP_HEADER_WAIT = 20  # seconds until it is whole
HTML_TEXT = 2 << 20  # characters of one part that are shown as HTML
PUSH_PING = (5, 600)  # seconds, RFC 8620 §7.3: least at most 30, most at least 300

# Logins
PASSWORD = 1024  # octets
SCRAM_NONCE = 512  # octets of the client's part, which comes back in challenges (RFC 5802 §5.1)
LOGIN_FAILURES = 10  # per network address and minute, before answers are delayed

# Connections
TLS_RECORD = 16 << 10  # octets, RFC 8446 §5.1
TLS_HANDSHAKE = 30  # seconds
READ_AHEAD = 1 << 20  # octets waiting in a stream before its socket is no longer read
WRITE_BURST = 64 << 10  # octets written before they are sent, while a session works
WRITE_BUFFER = 256 << 10  # octets on their way to a slow reader before the session waits
WRITE_STALL = 120  # seconds a peer may read too little of what waits for it
CLOSE_WAIT = 30  # seconds the last octets may take to leave
SWEEP = 5  # seconds between two looks for connections past their deadline
FIRST_IDLE = 60  # seconds before a session sets its own deadline
CONNECTIONS = 50_000  # on one listener of one process; more are closed at once
BACKLOG = 1024  # connections not accepted yet
DRAIN = 10  # seconds a stopping server gives its sessions
WORKERS = 64  # processes that serve; a supervisor hears their numbers as octets
