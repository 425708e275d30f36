"""`pillarbox config`: the settings in force."""

import msgspec

from pillarbox.cli import exits
from pillarbox.cli.place import Common, settings_of
from pillarbox.config.explanation import as_tree, differences
from pillarbox.config.explanation import explain as explanation


def config(*, explain: bool = False, common: Common = Common()) -> int:
    """Show what differs from the defaults.

    Parameters
    ----------
    explain
        Show every setting and what it means.
    """
    settings = settings_of(common)
    if common.json:
        print(msgspec.json.format(msgspec.json.encode(as_tree(settings))).decode())
    elif explain:
        print(explanation(settings), end="")
    else:
        print(differences(settings) or "# everything is at its default; --explain shows all of it\n", end="")
    return exits.OK
