"""SearchSnippet/get: where in a message the words of a search are (RFC 8621 §5)."""

import asyncio
import re
from collections.abc import Sequence
from html import escape

from pillarbox.core.ids import MessageId, parse_id
from pillarbox.core.limits import JMAP_GET
from pillarbox.message.body import searchable_text
from pillarbox.message.structure import decode
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.methods.filters import condition_of
from pillarbox.store import query
from pillarbox.store.model import MESSAGE_PREFIX, Email, Need
from pillarbox.store.query import Condition
from pillarbox.wire.jmap.codec import Json
from pillarbox.wire.jmap.errors import MethodError
from pillarbox.wire.jmap.mail import SnippetGet

_PREVIEW_OCTETS = 255  # RFC 8621 §5
_TEXT = 64 << 10  # characters of a message that are looked through
_AT_ONCE = 20  # messages whose octets are in memory together
_WORDS = 32
_TERM = re.compile(r'"((?:[^"\\]|\\.)+)"|\'((?:[^\'\\]|\\.)+)\'|(\S+)')
_ESCAPE = re.compile(r"\\(.)")


async def snippet_get(context: Context, arguments: SnippetGet) -> Json:
    """SearchSnippet/get."""
    if len(arguments.email_ids) > JMAP_GET:
        raise MethodError("requestTooLarge", f"more than {JMAP_GET} ids")
    condition = condition_of(arguments.filter)
    subject, body = _pattern(condition, ("text", "subject")), _pattern(condition, ("text", "body"))
    numbers = {one: parse_id(MESSAGE_PREFIX, one) for one in arguments.email_ids}
    wanted = [MessageId(number) for number in numbers.values() if number is not None]
    need = Need.HEADERS | Need.BLOB | Need.STRUCTURE
    found = await context.store.emails(context.account_id, wanted, need)
    previews = await _previews(context, list(found.values()), body)
    listed: list[Json] = []
    for one, number in numbers.items():
        if number is not None and (email := found.get(MessageId(number))) is not None:
            said = email.headers.subject if email.headers is not None else ""
            marked = _marked(said, subject) if subject is not None and subject.search(said) else None
            listed.append({"emailId": one, "subject": marked, "preview": previews[email.message_id]})
    missing = [one for one, number in numbers.items() if number is None or MessageId(number) not in found]
    return {"accountId": context.spelled, "list": listed, "notFound": missing or None}


async def _previews(
    context: Context, emails: Sequence[Email], pattern: re.Pattern[str] | None
) -> dict[MessageId, str | None]:
    previews: dict[MessageId, str | None] = {email.message_id: None for email in emails}
    if pattern is None:
        return previews
    for start in range(0, len(emails), _AT_ONCE):
        some = emails[start : start + _AT_ONCE]
        octets = await context.store.many_octets(context.account_id, [email.blob for email in some])
        for email, data in zip(some, octets, strict=True):
            if data is not None:
                text = await asyncio.to_thread(searchable_text, data, decode(email.structure), _TEXT)
                previews[email.message_id] = preview(text, pattern)
    return previews


def words_of(text: str) -> list[str]:
    """The words and phrases of a search (RFC 8621 §4.4.1)."""
    found = [double or single or word for double, single, word in _TERM.findall(text)]
    return [_ESCAPE.sub(r"\1", one) for one in found]


def _pattern(condition: Condition, where: Sequence[str]) -> re.Pattern[str] | None:
    """What matches any word that is looked for there; a word counts in its other forms too."""
    terms: list[str] = []
    pending = [condition]
    while pending:
        one = pending.pop()
        if isinstance(one, query.And | query.Or):
            pending.extend(one.parts)
        elif isinstance(one, query.Text) and one.where in where:
            terms.extend(words_of(one.text))
    spelled = []
    for term in terms[:_WORDS]:
        joined = r"\s+".join(re.escape(word) for word in term[:100].split())
        root = re.escape(term[: max(4, len(term) - 2)])
        spelled.append(joined if " " in term or len(term) < 4 else rf"\b{root}\w{{0,4}}\b|{joined}")
    return re.compile("|".join(spelled), re.I) if spelled else None


def _marked(text: str, pattern: re.Pattern[str]) -> str:
    """The text as HTML with every match marked."""
    pieces: list[str] = []
    last = 0
    for match in pattern.finditer(text):
        if match.end() > match.start():
            pieces.append(escape(text[last : match.start()], quote=False))
            pieces.append(f"<mark>{escape(match[0], quote=False)}</mark>")
            last = match.end()
    return "".join([*pieces, escape(text[last:], quote=False)])


def preview(text: str, pattern: re.Pattern[str]) -> str | None:
    """The text around the first match, marked, at most 255 octets; None when nothing matches."""
    line = " ".join(text.split())
    match = pattern.search(line)
    if match is None:
        return None
    before, after = 60, 150
    while True:
        start, end = max(0, match.start() - before), min(len(line), match.end() + after)
        if start > 0:
            start = line.find(" ", start, match.start()) + 1 or start
        said = ("…" if start else "") + line[start:end] + ("…" if end < len(line) else "")
        marked = _marked(said, pattern)
        if len(marked.encode("utf-8", "replace")) <= _PREVIEW_OCTETS:
            return marked
        if not before and not after:
            return None
        before, after = before * 3 // 4, after * 3 // 4
