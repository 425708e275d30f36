"""IMAP as it is spelled (RFC 9051, RFC 3501 and extensions): commands into values, answers into octets, no I/O.

A server's loop:

    decoder = Decoder()                                   # limits for strangers; decoder.limits = Limits() after login
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
                case AppendChunk(octets):                 # into the spool
                case AppendEnd(tag, last):                # store all messages of the command when `last`, then OK
                case Line(octets):                        # what expect_line() asked for
                case BadCommand(tag, text, code, status): # forget an APPEND that had begun
                    stream.write(tagged(tag, status, text, code) if tag else untagged(status, text, code))

Modules: `decoder` (Decoder, Limits, BEFORE_LOGIN), `events`, `commands` (values and the table verb → parser), `fetch`,
`search` (tree of keys) and `search_keys` (its parser), `listing`, `sets` (SequenceSet, spell_set), `names` (mailbox
names, LIST matching), `encoder` (answers), `spelling` (atom, quoted, literal), `dates`, `flags`, `mutf7`, `errors`.
"""
