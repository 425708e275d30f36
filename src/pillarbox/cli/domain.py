"""`pillarbox domain`: the domains this server has mail for."""

from cyclopts import App

from pillarbox.cli import exits
from pillarbox.cli.output import say, show
from pillarbox.cli.place import Common, with_store

app = App(name="domain", help="The domains this server has mail for.")


@app.command
def add(name: str, *, common: Common = Common()) -> int:
    """Have mail for a domain."""
    with_store(common, lambda store: store.directory.add_domain(name))
    say(f"{name} is a domain of yours.", as_json=common.json, domain=name)
    return exits.OK


@app.command(name="list")
def list_(*, common: Common = Common()) -> int:
    """List the domains."""
    domains = with_store(common, lambda store: store.directory.domains())
    rows: list[dict[str, object]] = [{"domain": name} for name in domains]
    show(rows, ["domain"], as_json=common.json, nothing="No domains; `pillarbox domain add example.org` adds one.")
    return exits.OK


@app.command
def remove(name: str, *, common: Common = Common()) -> int:
    """Have no more mail for a domain; refused while it has accounts or aliases."""
    with_store(common, lambda store: store.directory.remove_domain(name))
    say(f"{name} is no longer a domain of yours.", as_json=common.json, domain=name)
    return exits.OK
