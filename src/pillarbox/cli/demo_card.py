"""What the demo prints when it answers: where to look, who to be, and a line to try for each port."""

from pillarbox.config.settings import Endpoint, Settings

YOU, FRIEND, PASSWORD = "you@demo.test", "friend@demo.test", "demo"

# Port → what it is, and a line to try; {at} is host:port.
TRY = {
    "smtp": ("SMTP", "swaks --server {at} --from me@example.org --to " + YOU),
    "submission": (
        "submission, STARTTLS",
        f"swaks --server {{at}} --tls --auth-user {YOU} --auth-password {PASSWORD} --from {YOU} --to {FRIEND}",
    ),
    "submissions": (
        "submission, TLS",
        f"swaks --server {{at}} --tlsc --auth-user {YOU} --auth-password {PASSWORD} --from {YOU} --to {FRIEND}",
    ),
    "imap": ("IMAP, STARTTLS", f"curl -k --ssl-reqd -u {YOU}:{PASSWORD} 'imap://{{at}}/INBOX;MAILINDEX=1'"),
    "imaps": ("IMAP, TLS", f"curl -k -u {YOU}:{PASSWORD} imaps://{{at}}/ -X 'STATUS INBOX (MESSAGES UNSEEN)'"),
    "pop3": ("POP3, STLS", f"curl -k --ssl-reqd -u {YOU}:{PASSWORD} pop3://{{at}}/1"),
    "pop3s": ("POP3, TLS", f"curl -k -u {YOU}:{PASSWORD} pop3s://{{at}}/"),
    "http": ("HTTP, JMAP", f"curl -L -u {YOU}:{PASSWORD} http://{{at}}/.well-known/jmap"),
    "https": ("HTTPS, JMAP", f"curl -kL -u {YOU}:{PASSWORD} https://{{at}}/.well-known/jmap"),
}


def card(settings: Settings, *, styled: bool) -> str:
    """The card for the ports in force; `styled` for a terminal."""
    endpoints = settings.endpoints()

    def bold(text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if styled else text

    lines = ["", bold("Pillarbox is open."), ""]
    pages = [f"{name}://{_shown(endpoints[name])}/" for name in ("http", "https") if name in endpoints]
    if pages:
        lines += [f"  Webmail    {bold(pages[0])}" + "".join(f"   or {page}" for page in pages[1:])]
    lines += [f"  Accounts   {bold(YOU)} and {bold(FRIEND)}, both with the password {bold(PASSWORD)}", ""]
    for name, endpoint in endpoints.items():
        what, line = TRY[name]
        lines += [f"  {endpoint.port:<6} {what:<21} {line.format(at=_shown(endpoint))}"]
    lines += ["", "  For a mail program (accept the certificate; the server made it itself):"]
    lines += [f"    user name  {YOU}      password  {PASSWORD}"]
    lines += _program("incoming", endpoints, [("IMAP", "imap", "imaps"), ("POP3", "pop3", "pop3s")])
    lines += _program("outgoing", endpoints, [("SMTP", "submission", "submissions")])
    lines += ["", f"  Mail and settings are in {settings.server.data}. Ctrl-C stops; what is there stays.", ""]
    return "\n".join(lines)


def _shown(endpoint: Endpoint) -> str:
    host = "localhost" if endpoint.host in ("127.0.0.1", "::1", "0.0.0.0", "::") else endpoint.host  # noqa: S104
    return f"{host}:{endpoint.port}"


def _program(word: str, endpoints: dict[str, Endpoint], kinds: list[tuple[str, str, str]]) -> list[str]:
    """The lines to type into a mail program for one direction."""
    lines = []
    for protocol, clear, implicit in kinds:
        ways = [
            f"port {endpoints[name].port} with {security}"
            for name, security in ((clear, "STARTTLS"), (implicit, "SSL/TLS"))
            if name in endpoints
        ]
        if ways:
            lines.append(f"    {word}   {protocol} on localhost, {' or '.join(ways)}")
    return lines
