"""What becomes of NUL in a message that is appended (RFC 3516 §4.4)."""

import asyncio

from pillarbox.core.errors import Invalid
from pillarbox.message.recoding import leaves_with_nul, recoded, same_shape
from pillarbox.servers.imap.errors import Refused
from pillarbox.servers.imap.session import Session
from pillarbox.store.model import Arrived
from pillarbox.store.spool import discard, opened
from pillarbox.wire.imap.codes import UNKNOWN_CTE


async def without_nul(session: Session, arrived: Arrived) -> Arrived:
    """The message that stands in for one with NUL: its binary parts are base64, which every client can read.

    Refused where that would change more than the transfer encoding.
    """
    spool = session.store.spool()
    try:
        with opened(arrived) as octets:
            leaves = await asyncio.to_thread(leaves_with_nul, octets, arrived.summary.root)
            for piece in recoded(octets, leaves):
                spool.write(piece)
                await session.breathe()
        made = await spool.finish()
    except Invalid as error:
        spool.discard()
        raise Refused("NO", "NUL where no transfer encoding can carry it", UNKNOWN_CTE) from error
    finally:
        discard(arrived)
    if not same_shape(arrived.summary.root, made.summary.root):
        discard(made)
        raise Refused("NO", "the message cannot be kept without NUL", UNKNOWN_CTE)
    return made
