"""`pillarbox alias`: addresses that lead to others."""

from cyclopts import App

from pillarbox.cli import exits
from pillarbox.cli.output import say, show
from pillarbox.cli.place import Common, with_store

app = App(name="alias", help="Addresses that lead to others; `@example.org` catches all that is nobody's.")


@app.command
def add(address: str, *targets: str, common: Common = Common()) -> int:
    """Have mail for an address go to others; replaces where it went before.

    Parameters
    ----------
    address
        The alias, or @domain for everything that is nobody's.
    targets
        Where it leads, here or elsewhere.
    """
    with_store(common, lambda store: store.directory.add_alias(address, targets))
    say(f"{address} leads to {', '.join(targets)}.", as_json=common.json, address=address, targets=targets)
    return exits.OK


@app.command(name="list")
def list_(*, common: Common = Common()) -> int:
    """List the aliases."""
    aliases = with_store(common, lambda store: store.directory.aliases())
    rows: list[dict[str, object]] = [{"address": alias.address, "targets": alias.targets} for alias in aliases]
    show(rows, ["address", "targets"], as_json=common.json, nothing="No aliases.")
    return exits.OK


@app.command
def remove(address: str, *, common: Common = Common()) -> int:
    """Have an alias lead nowhere."""
    with_store(common, lambda store: store.directory.remove_alias(address))
    say(f"{address} is removed.", as_json=common.json, address=address)
    return exits.OK
