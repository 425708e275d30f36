"""IMAP keywords: spelling, comparing and joining them (RFC 9051 §2.3.2, RFC 5788)."""

import re
from collections.abc import Iterable

from pillarbox.core.errors import Invalid, TooMany
from pillarbox.core.limits import KEYWORD, KEYWORDS_PER_MESSAGE

_WELL_KNOWN = {
    name.lower(): name
    for name in (
        *("$Forwarded", "$MDNSent", "$SubmitPending", "$Submitted", "$Important", "$Junk", "$NotJunk", "$Phishing"),
        *("$MailFlagBit0", "$MailFlagBit1", "$MailFlagBit2", "$HasAttachment", "$HasNoAttachment", "$hasmemo", "$memo"),
        *("$autosent", "$canunsubscribe", "$followed", "$imported", "$ismailinglist", "$istrusted", "$maskedemail"),
        *("$muted", "$new", "$notify", "$unsubscribed", "$Displayed", "$Completed"),
    )
}
"""Those registered with IANA, as they are commonly spelled (RFC 5788 §3, RFC 8457 §6.1); others keep their case."""
_ATOM = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z^_`a-z|~]+")  # RFC 9051 §9 atom, with ASCII only (RFC 8621 §4.1.1)


def keyword(name: str) -> str:
    """The canonical spelling. Raises Invalid when it cannot be an IMAP keyword."""
    if not _ATOM.fullmatch(name) or len(name) > KEYWORD:
        raise Invalid(f"not a keyword: {name[:80]!r}")
    return _WELL_KNOWN.get(name.lower(), name)


def joined(names: Iterable[str]) -> str:
    """The names as a placement keeps them: checked, each once whatever its case, joined by spaces."""
    kept: dict[str, str] = {}
    for name in names:
        spelled = keyword(name)
        kept.setdefault(spelled.lower(), spelled)
    if len(kept) > KEYWORDS_PER_MESSAGE:
        raise TooMany("too many keywords")
    return " ".join(kept.values())


def changed(present: str, add: Iterable[str], remove: Iterable[str], replace: bool) -> str:
    """The keywords of a placement after a change; `present` itself, with its spellings, when that changes nothing."""
    before = {name.lower(): name for name in present.split()}
    after = {} if replace else dict(before)
    for name in add:
        spelled = keyword(name)
        after.setdefault(spelled.lower(), before.get(spelled.lower(), spelled))
    for name in remove:
        after.pop(name.lower(), None)
    if after.keys() == before.keys():
        return present
    if len(after) > KEYWORDS_PER_MESSAGE:
        raise TooMany("too many keywords")
    return " ".join(after.values())
