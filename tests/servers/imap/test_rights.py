"""Every command given by somebody who has been granted each single right, and no other: what is done is what the table
says, and whoever may not know of a mailbox is told what is told where there is none (RFC 4314 §4, §6)."""

import itertools
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from pillarbox.core.ids import AccountId
from pillarbox.servers.imap.table import STREAMED, VERBS
from pillarbox.store.model import DELETED, SEEN, Account, FlagChange, Place
from pillarbox.store.rights import ALL, EntryChange
from pillarbox.store.transaction import Transaction
from tests.servers.imap.house import House
from tests.servers.imap.wire import Client, connect
from tests.stores import arrive, letter

MESSAGE = b"Subject: x\r\n\r\nx\r\n"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Try:
    """A command, and which rights in the other's mailbox let it be done: any one of the sets that `needs` names.

    `{box}` is that mailbox, `{own}` one of the stranger's, `{mark}` the validity of the other's UIDs. `opened`: it is
    given with the other's mailbox selected, which `r` is needed for. `shows`: what it tells where that is allowed,
    whatever the answer is. `quiet`: even who may not do it is answered OK.
    """

    command: str
    needs: tuple[str, ...]
    opened: bool = False
    shows: bytes = b""
    quiet: bool = False


def opened(command: str, *needs: str, quiet: bool = False) -> Try:
    return Try(command, needs or ("",), opened=True, quiet=quiet)


HARMLESS = frozenset(
    {"CAPABILITY", "NOOP", "LOGOUT", "ID", "STARTTLS", "AUTHENTICATE", "LOGIN", "GETJMAPACCESS", "COMPRESS"}
    | {"UNAUTHENTICATE", "ENABLE", "NAMESPACE", "GETQUOTA", "SETQUOTA"}
)
"""These name no mailbox and look at none."""

ANY = tuple("lrikxa")
FLAGS = ("s", "w", "t")

TABLE: dict[str, list[Try]] = {
    "SELECT": [Try('SELECT "{box}"', ("r",))],
    "EXAMINE": [Try('EXAMINE "{box}"', ("r",)), Try('EXAMINE "{box}" (CONDSTORE)', ("r",))],
    "CREATE": [Try('CREATE "{box}/New"', ("k",)), Try('CREATE "{box}/A/B"', ("k",))],
    "DELETE": [Try('DELETE "{box}"', ("x",))],
    "RENAME": [
        Try('RENAME "{box}/Below" "{box}/Other"', ("kx",)),
        Try('RENAME "{box}" "{own}/Taken"', ()),
        Try('RENAME "{own}" "{box}/Given"', ()),
    ],
    "SUBSCRIBE": [Try('SUBSCRIBE "{box}"', ("l",))],
    "UNSUBSCRIBE": [Try('UNSUBSCRIBE "{box}"', ("",))],
    "LIST": [
        Try('LIST "" "{box}"', ("l",), shows=b"LIST ("),
        Try('LIST "" "{box}" RETURN (STATUS (MESSAGES))', ("lr",), shows=b"STATUS "),
        Try('LIST "" "{box}" RETURN (MYRIGHTS)', ("l",), shows=b"MYRIGHTS "),
        Try('LIST "" "{box}" RETURN (METADATA (/shared/comment))', ("lr", "ls", "lw", "li", "lp"), shows=b"METADATA "),
        Try('LIST "" "Other Users/%/{last}"', ("l",), shows=b"LIST ("),
    ],
    "LSUB": [Try('LSUB "" "{box}"', (), shows=b"LSUB")],
    "STATUS": [Try('STATUS "{box}" (MESSAGES UIDNEXT)', ("r",)), Try('STATUS "{box}" (MAILBOXID)', ("r",))],
    "GETQUOTAROOT": [Try('GETQUOTAROOT "{box}"', ANY), Try('GETQUOTAROOT "{box}"', ("r",), shows=b"STORAGE")],
    "GETMETADATA": [Try('GETMETADATA "{box}" /shared/comment', ("lr", "ls", "lw", "li", "lp"))],
    "SETMETADATA": [
        Try('SETMETADATA "{box}" (/private/comment "x")', ("lr", "ls", "lw", "li", "lp")),
        Try('SETMETADATA "{box}" (/shared/comment "x")', ("lw",)),
        Try('SETMETADATA "{box}" (/private/specialuse "\\\\Archive")', ()),
    ],
    "SETACL": [Try('SETACL "{box}" anyone +l', ("a",)), Try('SETACL "{box}" {me} lrsp', ("a",))],
    "DELETEACL": [Try('DELETEACL "{box}" {me}', ("a",))],
    "GETACL": [Try('GETACL "{box}"', ("a",))],
    "LISTRIGHTS": [Try('LISTRIGHTS "{box}" anyone', ("a",))],
    "MYRIGHTS": [Try('MYRIGHTS "{box}"', ANY)],
    "NOTIFY": [Try('NOTIFY SET STATUS (mailboxes "{box}" (MessageNew MessageExpunge))', ("lr",), shows=b"STATUS")],
    "ESEARCH": [
        Try('ESEARCH IN (mailboxes "{box}") ALL', ("r",), shows=b"ALL 1:3"),
        opened("ESEARCH IN (selected) ALL"),
    ],
    "IDLE": [],
    "CHECK": [opened("CHECK")],
    "CLOSE": [opened("CLOSE", "e", quiet=True)],
    "UNSELECT": [opened("UNSELECT")],
    "UIDBATCHES": [opened("UIDBATCHES 500")],
    "EXPUNGE": [opened("EXPUNGE", "e")],
    "UID EXPUNGE": [opened("UID EXPUNGE 1:*", "e")],
    "SEARCH": [opened("SEARCH ALL"), opened("SEARCH RETURN (SAVE) DELETED")],
    "UID SEARCH": [opened("UID SEARCH ALL")],
    "SORT": [opened("SORT (SUBJECT) UTF-8 ALL")],
    "UID SORT": [opened("UID SORT (SUBJECT) UTF-8 ALL")],
    "THREAD": [opened("THREAD REFERENCES UTF-8 ALL")],
    "UID THREAD": [opened("UID THREAD REFERENCES UTF-8 ALL")],
    "CANCELUPDATE": [],
    "FETCH": [opened("FETCH 1:* FLAGS"), opened("FETCH 1 BODY[]", "s", quiet=True)],
    "UID FETCH": [opened("UID FETCH 1:* FLAGS"), opened("UID FETCH 1 BODY[TEXT]", "s", quiet=True)],
    "STORE": [
        opened("STORE 1 +FLAGS (\\Seen)", "s"),
        opened("STORE 2 -FLAGS.SILENT (\\Deleted)", "t"),
        opened("STORE 1 +FLAGS (\\Deleted)", "t", quiet=False),
        opened("STORE 1 +FLAGS (\\Flagged)", "w"),
        opened("STORE 1 +FLAGS ($Keyword)", "w"),
        opened("STORE 1 FLAGS (\\Seen \\Deleted \\Draft)", *FLAGS),
        opened("STORE 1 +FLAGS (\\Seen $Keyword)", "s", "w"),
    ],
    "UID STORE": [opened("UID STORE 1 (UNCHANGEDSINCE 9999999) +FLAGS (\\Flagged)", "w")],
    "COPY": [Try('COPY 1 "{box}"', ("i",)), opened('COPY 1 "{own}"'), opened('COPY 1:2 "{box}"', "i")],
    "UID COPY": [Try('UID COPY 1 "{box}"', ("i",)), opened('UID COPY 1 "{own}"')],
    "MOVE": [Try('MOVE 1 "{box}"', ("i",)), opened('MOVE 1 "{own}"', "te"), opened('MOVE 1 "{box}"', "tei")],
    "UID MOVE": [Try('UID MOVE 1 "{box}"', ("i",)), opened('UID MOVE 1 "{own}"', "te")],
    "APPEND": [
        Try(f'APPEND "{{box}}" {{{{{len(MESSAGE)}}}}}', ("i",)),
        Try(f'APPEND "{{box}}" (\\Seen) {{{{{len(MESSAGE)}}}}}', ("i",)),
        Try('APPEND "{own}" CATENATE (URL "/{url};UIDVALIDITY={mark}/;UID=1")', ("r",)),
        Try('APPEND "{own}" CATENATE (URL "/{url}/;UID=1/;SECTION=TEXT")', ("r",)),
        Try('APPEND "{box}" CATENATE (URL "/{ownurl}/;UID=1")', ("i",)),
        opened('APPEND "{own}" CATENATE (URL ";UID=1")'),
    ],
    "REPLACE": [
        Try(f'REPLACE 1 "{{box}}" {{{{{len(MESSAGE)}}}}}', ("i",)),
        opened(f'REPLACE 1 "{{own}}" {{{{{len(MESSAGE)}}}}}', "te"),
        opened(f'REPLACE 1 "{{box}}" {{{{{len(MESSAGE)}}}}}', "tei"),
    ],
    "UID REPLACE": [
        Try(f'UID REPLACE 1 "{{box}}" {{{{{len(MESSAGE)}}}}}', ("i",)),
        opened(f'UID REPLACE 1 "{{own}}" {{{{{len(MESSAGE)}}}}}', "te"),
    ],
}
CHANGING = frozenset(
    {"CREATE", "DELETE", "RENAME", "SETACL", "DELETEACL", "SETMETADATA", "EXPUNGE", "STORE", "MOVE", "APPEND"}
    | {"REPLACE", "COPY"}
)
"""What changes the other's account where it is allowed; elsewhere that stays as it was."""


def test_every_command_has_been_thought_of() -> None:
    assert {*TABLE, *HARMLESS} == {*VERBS, *STREAMED}


class Stranger:
    """Somebody logged in, and what an owner shares with them."""

    def __init__(self, house: House, owner: Account, account: Account) -> None:
        self.house = house
        self.owner = owner
        self.account = account
        self.own = self.name = ""
        self.mark = 0

    async def make(self) -> None:
        """Messages to copy from, in an account of each."""
        store = self.house.store
        arrived = await arrive(store, letter())
        for account in (self.owner.account_id, self.account.account_id):

            async def unit(tx: Transaction, account: AccountId = account) -> None:
                box = await tx.create_mailbox(account, "Template")
                for flags in (0, DELETED, SEEN):
                    await tx.add(account, arrived, [Place(box.mailbox_id, flags)])

            await store.write([account], unit)

    async def share(self, letters: str) -> None:
        """A new mailbox of the owner's, with one below it, for who has these rights in both."""
        account, grantee = self.owner.account_id, self.account.account_id
        number = next(_numbers)
        self.name, self.own = f"Box{number}", f"Mine{number}"

        async def unit(tx: Transaction) -> int:
            below = await tx.create_mailbox(account, f"{self.name}/Below")
            box = await tx.mailbox_named(account, self.name)
            mine = await tx.create_mailbox(grantee, self.own)
            for whose, target in ((account, box), (grantee, mine)):
                template = await tx.mailbox_named(whose, "Template")
                await tx.copy(whose, template.mailbox_id, [(1, 3)], target.mailbox_id)
            await tx.set_metadata(account, box.mailbox_id, account, {"/shared/comment": b"told"})
            for one in (box, below):
                await tx.change_acl(account, one.mailbox_id, EntryChange(grantee, "replace", frozenset(letters)))
            return box.uidvalidity

        self.mark = await self.house.store.write([account, grantee], unit)

    @property
    def called(self) -> str:
        return f"Other Users/{self.owner.login}/{self.name}"

    def spell(self, command: str, name: str) -> str:
        """The command with a mailbox of the owner's, which may not be there."""
        box = f"Other Users/{self.owner.login}/{name}"
        return command.format(
            box=box,
            own=self.own,
            last=name,
            me=self.account.login,
            mark=self.mark,
            url=box.replace(" ", "%20").replace("@", "%40"),
            ownurl=self.own,
            nourl=f"Other%20Users/nobody%40demo.test/{name}",
        )

    async def give(self, client: Client, command: str, name: str) -> tuple[list[bytes], bytes]:
        """Its responses, with every spelling of the name taken out."""
        untagged, tagged = await client.command(self.spell(command, name), MESSAGE)
        text = [re.sub(rb"\b%b\b" % name.encode(), b"NAME", one) for one in untagged]
        return text, re.sub(rb"\b%b\b" % name.encode(), b"NAME", tagged)


@pytest.fixture
async def stranger(house: House) -> AsyncIterator[Stranger]:
    made = Stranger(house, await house.account(), await house.account())
    await house.store.directory.set_quota(made.owner.account_id, 1 << 30)
    await made.make()
    yield made


async def log_in(stranger: Stranger) -> Client:
    """A connection of the stranger."""
    client = await connect(stranger.house.port["imap"])
    await client.ok(f"LOGIN {stranger.account.login} secret")
    return client


async def enter(stranger: Stranger, client: Client, one: Try) -> None:
    """Select the mailbox that the command is given in."""
    await client.ok(f'SELECT "{stranger.called}"' if one.opened else f"SELECT {stranger.own}")


def grants(one: Try) -> Iterator[str]:
    """No right, each right, each right taken from all of them, what is needed, and all."""
    base = "r" if one.opened else ""
    letters = sorted(ALL)
    yield base
    yield from ("".join(sorted({*base, letter})) for letter in letters)
    yield from ("".join(sorted(ALL - {letter} | set(base))) for letter in letters)
    yield from ("".join(sorted({*base, *needed})) for needed in one.needs)
    yield "".join(letters)


def allowed(one: Try, letters: str) -> bool:
    return any(set(needed).issubset(letters) for needed in one.needs)


CASES = [(verb, one) for verb, some in TABLE.items() for one in some]


@pytest.mark.parametrize(("verb", "one"), CASES, ids=[one.command[:60] for _, one in CASES])
async def test_what_is_done_is_what_the_rights_say(stranger: Stranger, verb: str, one: Try) -> None:
    store, owner = stranger.house.store, stranger.owner.account_id
    changing = not CHANGING.isdisjoint(verb.split())
    client = await log_in(stranger)
    for letters in dict.fromkeys(grants(one)):
        await stranger.share(letters)
        await enter(stranger, client, one)
        before = await store.modseq(owner)
        untagged, tagged = await stranger.give(client, one.command, stranger.name)
        done = tagged.startswith(b"OK")
        where = (one.command, letters, untagged, tagged)
        if one.shows:
            assert any(one.shows in line for line in untagged) is allowed(one, letters), where
        elif not one.quiet:
            assert done is allowed(one, letters), where
        if one.quiet:
            assert done, where
        if not allowed(one, letters):
            assert await store.modseq(owner) == before, where
        elif changing and one.needs != ("",) and "{own}" not in one.command:
            assert await store.modseq(owner) > before, where
    client.close()


@pytest.mark.parametrize("letters", ["", "p", "swte"])
async def test_what_may_not_be_known_of_looks_like_nothing(stranger: Stranger, letters: str) -> None:
    """All the same answers, whether the mailbox, or its owner, exists, to those who have no right to know."""
    nobody = Stranger(stranger.house, stranger.account, stranger.account)
    await stranger.share(letters)
    nobody.own, nobody.mark = stranger.own, stranger.mark
    client = await log_in(stranger)
    for verb, one in CASES:
        if one.opened:
            continue
        answers = []
        for name in (stranger.name, "Nothing", "Nothing/Below"):
            await enter(stranger, client, one)
            answers.append(await stranger.give(client, one.command, name))
        assert answers[0] == answers[1] == answers[2], (verb, one.command)
        await enter(stranger, client, one)
        command = one.command.replace("{box}", "Other Users/nobody@demo.test/{last}").replace("{url}", "{nourl}")
        assert await nobody.give(client, command, "Nothing") == _elsewhere(answers[0], stranger), (verb, one.command)
    client.close()


def _elsewhere(answer: tuple[list[bytes], bytes], stranger: Stranger) -> tuple[list[bytes], bytes]:
    """The answer, were the owner called nobody."""
    local = stranger.owner.login.partition("@")[0].encode()

    def renamed(line: bytes) -> bytes:
        return re.sub(rb"\b%b(?=@|%%40)" % re.escape(local), b"nobody", line)

    return [renamed(line) for line in answer[0]], renamed(answer[1])


async def test_rights_taken_away_hold_at_once(stranger: Stranger) -> None:
    """In a session that has the mailbox open, before any news reach it."""
    store, owner, grantee = stranger.house.store, stranger.owner.account_id, stranger.account.account_id
    commands = ("STORE 1 +FLAGS (\\Flagged)", "EXPUNGE", 'MOVE 1 "{own}"', 'APPEND "{box}" {{3}}', "FETCH 1 FLAGS")
    for command in commands:
        await stranger.share("".join(ALL))
        client = await log_in(stranger)
        await enter(stranger, client, Try("", (), opened=True))
        box = await store.mailbox_named(owner, stranger.name)
        rest = frozenset("" if command.startswith("FETCH") else "lr")

        async def unit(tx: Transaction, rest: frozenset[str] = rest, mailbox_id: int = box.mailbox_id) -> None:
            await tx.change_acl(owner, mailbox_id, EntryChange(grantee, "replace", rest))  # type: ignore[arg-type]

        await store.write([owner, grantee], unit)
        before = await store.modseq(owner)
        if rest:
            _, tagged = await stranger.give(client, command, stranger.name)
            assert tagged.startswith(b"NO [NOPERM]"), (command, tagged)
        else:
            await client.send(b"x FETCH 1 FLAGS\r\n")
            assert (await client.response()).startswith(b"* BYE")
            with pytest.raises(ConnectionError):
                await client.response()
        assert await store.modseq(owner) == before
        client.close()


async def test_a_session_that_is_told_nothing_cannot_write(stranger: Stranger) -> None:
    """The check is made where the change is: what a session believes of its rights does not matter."""
    store, owner = stranger.house.store, stranger.owner.account_id
    await stranger.share("lr")
    box = await store.mailbox_named(owner, stranger.name)
    before = await store.modseq(owner)
    for change in (FlagChange(add=SEEN), FlagChange(add=DELETED), FlagChange(add_keywords=("x",))):
        with pytest.raises(Exception, match="may be changed"):
            await store.write(
                [owner],
                lambda tx: tx.set_flags(owner, box.mailbox_id, [1], change),  # noqa: B023
                stranger.account.account_id,
            )
    assert await store.modseq(owner) == before
