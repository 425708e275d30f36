"""Thunderbird: mailboxes found and made, messages received, read, flagged, tagged, moved, deleted and sent."""

import base64
import itertools
import re
from random import Random

from pillarbox.store.model import FLAGGED, SEEN
from tests.clients.ends import Dice, change_on_server, entered
from tests.clients.letters import NAME, dotted, letter
from tests.clients.people import Person
from tests.clients.programs import SQLITE, Home
from tests.clients.thunderbird import Thunderbird, started
from tests.server import until

_ADDED = re.compile(rb"^X-Mozilla-[^\r\n]*\r?\n", re.M)


def octets(thunderbird: Thunderbird, number: int) -> bytes:
    """A message of INBOX as Thunderbird has it, without what it adds to what it keeps."""
    found = thunderbird.do(f"return source('INBOX', 'letter{number}@example.org');")
    return _ADDED.sub(b"", base64.b64decode(found))


def test_a_day(home: Home, you: Person, friend: Person) -> None:
    you.put(letter(1), letter(2), letter(3), letter(4), dotted())
    you.put(letter(6), mailbox=NAME)
    with started(home, you) as thunderbird:
        do = thunderbird.do
        do("await update('INBOX', 5);")
        do("await until('the mailboxes', () => folders().length === given[0]);", len(you.mailboxes()))
        assert {
            one.rpartition("localhost/")[2] for one in do("return folders().map((one) => one.URI);")
        } == you.mailboxes()
        assert octets(thunderbird, 900) == dotted()
        _sorts(thunderbird)
        until(lambda: len(you.mail("Archive")) == 1 and len(you.mail("Trash")) == 1 and len(you.mail("Kept")) == 1)
        first, second, *others = you.mail()
        assert first.flags & FLAGGED and first.flags & SEEN
        assert "$label1" in second.keywords
        assert [one.octets for one in others] == [dotted()]
        assert you.octets("Archive") == [letter(3)]
        assert you.octets("Trash") == [letter(4)]
        assert you.octets("Kept") == [letter(2)]
        you.put(letter(7))  # it is told by IDLE
        do("await until('the new message', () => header('INBOX', 'letter7@example.org'));")
        do("await send(...given);", friend.address, "Grüße, привет", "Schöne Grüße\r\n.\r\n..zwei\r\n")
        until(lambda: len(friend.mail()) == len(you.mail("Sent")) == 1)
        assert b"\r\n..zwei\r\n" in friend.octets()[0]
        assert you.mail("Sent")[0].flags & SEEN


def _sorts(thunderbird: Thunderbird) -> None:
    """The first is read and flagged, the second tagged and copied, the third moved, the fourth thrown away."""
    thunderbird.do(
        "const inbox = folder('INBOX'), one = (number) => header('INBOX', `letter${number}@example.org`);"
        "inbox.markMessagesRead([one(1)], true);"
        "inbox.markMessagesFlagged([one(1)], true);"
        "inbox.addKeywordsToMessages([one(2)], '$label1');"
        "server().rootFolder.createSubfolder('Kept', null);"
        "await until('a new mailbox', () => folder('Kept'));"
        "const pass = (numbers, to, moved) => copied((listener) =>"
        " MailServices.copy.copyMessages(inbox, numbers.map(one), folder(to), moved, listener, null, false));"
        "await pass([2], 'Kept', false);"
        "await pass([3], 'Archive', true);"
        "await copied((listener) => inbox.deleteMessages([one(4)], null, false, false, listener, true));"
    )


@SQLITE
def test_what_changed_while_it_was_closed(home: Home, you: Person) -> None:
    you.put(*map(letter, range(100)))
    dice, other = Dice(Random(5), itertools.count(1000)), entered(home, you)
    for _ in range(3):
        with started(home, you) as thunderbird:
            there = you.mail()
            thunderbird.do("await update('INBOX', given[0]);", len(there))
            seen = thunderbird.do(
                "const shown = () => headers('INBOX').map((one) => [one.messageKey, one.isRead, one.isFlagged]);"
                "await until('the same', () => JSON.stringify(shown()) === JSON.stringify(given[0])).catch(() => null);"
                "return shown();",
                [[one.uid, bool(one.flags & SEEN), bool(one.flags & FLAGGED)] for one in there],
            )
            assert seen == [[one.uid, bool(one.flags & SEEN), bool(one.flags & FLAGGED)] for one in there]
        change_on_server(other, ["INBOX", "Archive"], dice)
    other.logout()
