"""`pillarbox queue`: mail that waits to be sent elsewhere."""

import time

from cyclopts import App

from pillarbox.cli import exits
from pillarbox.cli.output import show
from pillarbox.cli.place import Common, with_store

app = App(name="queue", help="Mail that waits to be sent elsewhere.")


@app.command(name="list")
def list_(*, common: Common = Common()) -> int:
    """List what waits, the next due first."""
    rows: list[dict[str, object]] = [
        {
            "id": row.queue_id,
            "due": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(row.due)),
            "from": row.sender or "<>",
            "to": row.recipient,
            "octets": row.blob.length,
            "attempts": row.attempts,
            "state": row.state,
            "reply": row.last_reply,
        }
        for row in with_store(common, lambda store: store.queued())
    ]
    columns = ["id", "due", "from", "to", "octets", "attempts", "state", "reply"]
    show(rows, columns, as_json=common.json, nothing="Nothing waits.")
    return exits.OK
