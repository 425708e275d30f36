"""IMAP as it is spelled (RFC 9051, RFC 3501 and extensions): commands into values, answers into octets, no I/O.

A server's loop:

    decoder = Decoder(offered=names)                      # limits for strangers; decoder.limits = Limits() after login
    while octets := await stream.read():
        decoder.feed(octets)
        while (event := decoder.next()) is not None:
            match event:
                case Command(tag, name, arguments):       # "UID FETCH", Fetch(messages=…, items=…, uid=True)
                    stream.write(await VERBS[name](session, tag, arguments))
                    # in IDLE and AUTHENTICATE: decoder.expect_line() before the next decoder.next()
                    # ENABLE UTF8=ACCEPT or IMAP4rev2: decoder.utf8 = True;  STARTTLS: decoder.discard()
                case LiteralWanted(tag, name, size):      # always within the limits
                    stream.write(continuation()); decoder.accept()
                case AppendStart() as start:              # a message; the decoder rests until the answer:
                    if refused:
                        stream.write(tagged(start.tag, "NO", "no such mailbox", "TRYCREATE")); decoder.refuse()
                    else:
                        if start.sync: stream.write(continuation())
                        decoder.accept()
                case CatenateStart(): decoder.accept()    # or as AppendStart, without `+`: parts follow, then AppendEnd
                case CatenateUrl(tag, url): decoder.accept()              # what it names joins the message, or BADURL
                case CatenateText(tag, size, sync): decoder.accept()      # after a `+` if `sync`
                case AppendChunk(octets):                 # into the spool
                case AppendEnd(tag, last):                # store all messages of the command when `last`, then OK
                case Line(octets):                        # what expect_line() asked for
                case BadCommand(tag, text, code, status): # forget an APPEND that had begun
                    stream.write(tagged(tag, status, text, code) if tag else untagged(status, text, code))

`names` are those of the server's own table, and the streaming ones it takes: APPEND, REPLACE, UID REPLACE, CATENATE.
What is not offered is an unknown command, before any literal of it is asked for.

Reading: `decoder` (Decoder, Limits, BEFORE_LOGIN), `events`, `commands` (values and the table verb → parser),
`extensions` (the same for what is not in IMAP4rev1), `append` and `appending` (messages that stream), `urls`
(CATENATE), `fetch`, `resync`, `partial`, `search` (tree of keys), `search_keys` and `search_returns` (their parsers),
`sorting`, `multisearch`, `scopes` (mailbox filters), `notify`, `listing`, `sets` (SequenceSet), `names` (mailbox names,
LIST matching), `flags`, `mutf7`, `errors`. Reading and answering: `acl`, `quota`, `metadata`, `dates`. Answers:
`encoder`, `results` (ESEARCH, SORT, THREAD), `codes` (response codes), `spelling` (atom, quoted, literal).
"""
