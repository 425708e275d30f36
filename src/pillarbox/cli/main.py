"""The command `pillarbox`: each command is a file beside this one, loaded when it is called."""

import sys

from cyclopts import App, CycloptsError

from pillarbox import __version__
from pillarbox.cli import exits
from pillarbox.config.file import SettingsError
from pillarbox.core.errors import MailError

COMMANDS = {
    "init": ("init:init", "Write an annotated settings file and make the mail store."),
    "serve": ("serve:serve", "Serve until Ctrl-C."),
    "demo": ("demo:demo", "Make and serve a demo with two accounts and mail in them."),
    "config": ("config:config", "Show the settings in force."),
    "domain": ("domain:app", "The domains this server has mail for."),
    "account": ("account:app", "The people with mail."),
    "mailbox": ("mailbox:app", "Mailboxes of accounts, and who else may use them."),
    "alias": ("alias:app", "Addresses that lead to others."),
    "queue": ("queue:app", "Mail that waits to be sent elsewhere."),
    "check": ("check:check", "Whether settings, ports, certificate and mail store are in order."),
}

app = App(
    name="pillarbox",
    help="A whole mail system: SMTP, IMAP, POP3, JMAP and a webmail on one mail store.",
    help_epilogue=exits.MEANINGS,
    version=__version__,
    result_action="return_value",
)
for name, (place, meaning) in COMMANDS.items():
    app.command(f"pillarbox.cli.{place}", name=name, help=meaning)


def main() -> None:
    """Run the command of the command line and end the process."""
    sys.exit(command(sys.argv[1:]))


def command(arguments: list[str]) -> int:
    """Run one command; its exit code."""
    try:
        result = app(arguments, exit_on_error=False)
    except CycloptsError:  # cyclopts has said what is wrong
        return exits.USAGE
    except SettingsError as error:
        return _refuse(str(error), exits.SETTINGS)
    except MailError as error:
        return _refuse(str(error) or error.public, exits.UNAVAILABLE if error.temporary else exits.REFUSED)
    except OSError as error:
        return _refuse(str(error), exits.UNAVAILABLE)
    except KeyboardInterrupt:
        return exits.INTERRUPTED
    return result if isinstance(result, int) else exits.OK


def _refuse(text: str, code: int) -> int:
    print(f"pillarbox: {text}", file=sys.stderr)
    return code
