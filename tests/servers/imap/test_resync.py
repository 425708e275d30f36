"""QRESYNC where the log does not reach back, and the ranges of what vanished against plain sets."""

from hypothesis import given
from hypothesis import strategies as st

from pillarbox.servers.imap.resync import agreed, listed, missing
from pillarbox.store.port import Connection
from pillarbox.wire.imap.resync import Resync
from pillarbox.wire.imap.sets import SequenceSet, merge
from tests.server import PASSWORD
from tests.servers.imap.house import House
from tests.servers.imap.wire import connect

_UIDS = st.sets(st.integers(1, 60)).map(sorted)
_RANGES = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 9)), min_size=1, max_size=6).map(
    lambda some: list(merge([(low, low + more) for low, more in some]))
)


def _members(ranges: list[tuple[int, int]]) -> set[int]:
    return {uid for low, high in ranges for uid in range(low, high + 1)}


@given(_UIDS, _RANGES)
def test_missing_are_the_wanted_that_do_not_exist(uids: list[int], wanted: list[tuple[int, int]]) -> None:
    found = list(missing(uids, wanted))
    assert _members(found) == _members(wanted) - set(uids)
    assert found == sorted(found)


@given(_UIDS, _UIDS, _RANGES)
def test_listed_are_the_gone_that_are_wanted(gone: list[int], uids: list[int], wanted: list[tuple[int, int]]) -> None:
    found = list(listed(gone, uids, wanted))
    assert _members(found) == (set(gone) & _members(wanted)) - set(uids)
    assert found == list(merge(found))


def test_a_sample_agrees_up_to_the_first_pair_that_does_not() -> None:
    def sample(numbers: list[int], uids: list[int]) -> Resync:
        sets = (SequenceSet(merge([(one, one) for one in some])) for some in (numbers, uids))
        return Resync(1, 1, None, *sets)

    uids = [3, 6, 9, 12]
    assert agreed(sample([1, 2, 4], [3, 6, 12]), uids) == 12
    assert agreed(sample([1, 2, 4], [3, 6, 13]), uids) == 6
    assert agreed(sample([1, 5], [3, 15]), uids) == 3
    assert agreed(sample([2], [3]), uids) == 0
    hostile = Resync(1, 1, None, SequenceSet(((1, 1 << 31),)), SequenceSet(((1, 1 << 31),)))
    assert agreed(hostile, range(1, 1 << 31)) > 0


async def test_what_the_log_has_forgotten_is_everything_that_is_not_there(house: House) -> None:
    account = await house.account()
    client = await connect(house.port["imap"])
    await client.ok(f"LOGIN {account.login} {PASSWORD}")
    await client.ok("ENABLE QRESYNC")
    for _ in range(6):
        await client.ok("APPEND INBOX {3+}\r\nabc")
    opened = b" ".join(await client.ok("SELECT INBOX"))
    validity = int(opened.partition(b"UIDVALIDITY ")[2].partition(b"]")[0])
    await client.ok("STORE 2,6 +FLAGS.SILENT (\\Deleted)")
    assert await client.ok("EXPUNGE") == [b"VANISHED 2,6"]
    mailbox = await house.store.mailbox_named(account.account_id, "INBOX")

    async def forget(connection: Connection) -> None:
        place = (account.account_id, mailbox.mailbox_id)
        await connection.run("DELETE FROM vanished WHERE account_id = $1 AND mailbox_id = $2", *place)
        floor = "UPDATE mailbox SET vanished_floor = $3 WHERE account_id = $1 AND mailbox_id = $2"
        await connection.run(floor, *place, mailbox.highestmodseq)

    await house.store.database.write(forget)
    told = await client.ok(f"SELECT INBOX (QRESYNC ({validity} 1 1:100))")
    assert b"VANISHED (EARLIER) 2,6" in told, "no UID that never was"
    told = await client.ok(f"SELECT INBOX (QRESYNC ({validity} 1 1:100 (1:2 1,3)))")
    assert b"VANISHED (EARLIER) 6" in told
    told = await client.ok("UID FETCH 3:* (FLAGS) (CHANGEDSINCE 1 VANISHED)")
    assert told[0] == b"VANISHED (EARLIER) 6"
    other = await connect(house.port["imap"])
    await other.ok(f"LOGIN {account.login} {PASSWORD}")
    await other.ok("APPEND INBOX {3+}\r\nabc")
    told = await client.ok("UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)")
    assert told[0] == b"VANISHED (EARLIER) 2,6", "nothing that has come in meanwhile"
    other.close()
    client.close()
