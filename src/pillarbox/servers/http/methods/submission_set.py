"""EmailSubmission/set: real mail leaves here (RFC 8621 §7.5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from pillarbox.core.errors import MailError, NotFound
from pillarbox.core.ids import AccountId, Modseq, ordered_id, spell
from pillarbox.servers.http.context import Context
from pillarbox.servers.http.errors import set_error
from pillarbox.servers.http.methods.email_set import destroy_email, update_email
from pillarbox.servers.http.methods.sending import Letter, described, letter_of
from pillarbox.servers.http.methods.setting import Outcome, Unit, answer_of, attempt, transact
from pillarbox.servers.http.methods.standard import check_state
from pillarbox.servers.http.methods.submission_get import submission
from pillarbox.services.submission.service import send
from pillarbox.store.model import Kind, StoredObject
from pillarbox.store.spool import discard
from pillarbox.store.transaction import Transaction
from pillarbox.wire.jmap.codec import Json, encode
from pillarbox.wire.jmap.errors import SetError, invalid_properties
from pillarbox.wire.jmap.mail import SubmissionSet


@dataclass(slots=True)
class _Call:
    """One EmailSubmission/set while it runs, in one transaction or several.

    `whole` and `emails` gather what became of submissions and of the messages they name; `spans` are the modseqs
    before and after each transaction; `owed` are submissions that were sent while their message is still wanted.
    """

    context: Context
    arguments: SubmissionSet
    whole: Outcome
    emails: Outcome
    spans: list[tuple[int, int]] = field(default_factory=list)
    owed: dict[str, str] = field(default_factory=dict)
    followed: bool = False
    received: bool = False
    """Whether the account has sent something to itself."""

    def states(self, hidden: bool) -> tuple[str | None, str]:
        """Old and new state of the answer; no old one when there are changes that the answer does not tell of."""
        broken = any(after != before for (_, after), (before, _) in zip(self.spans, self.spans[1:], strict=False))
        return None if broken or hidden else str(self.spans[0][0]), str(self.spans[-1][1])


async def submission_set(context: Context, arguments: SubmissionSet) -> Json:
    """EmailSubmission/set, then the answer of an implicit Email/set for what was to happen to the messages.

    Each message is sent in one transaction with the object that says so and with what is to happen to it then: after
    a crash a client finds all of it or nothing.
    """
    await check_state(context, Kind.SUBMISSION, arguments.if_in_state)
    call = _Call(context, arguments, Outcome(context.created), Outcome(context.created))
    pending = list((arguments.create or {}).items())
    for index, (key, given) in enumerate(pending):
        later = any(other.get("emailId") == given.get("emailId") for _, other in pending[index + 1 :])
        try:
            await _send(call, key, await letter_of(context, given), later)
        except SetError as error:
            call.whole.not_created[key] = error.value()
        except MailError as error:
            call.whole.not_created[key] = set_error(error).value()
    if not call.spans or call.owed or arguments.update or arguments.destroy:
        await _run(call, partial(_rest, call), ())
    old, new = call.states(hidden=False)
    if call.followed:
        before, after = call.states(call.received)
        context.implied.append(("Email/set", answer_of(context, call.emails, before, after)))
    return answer_of(context, call.whole, old, new)


async def _run(call: _Call, unit: Unit, others: Sequence[AccountId]) -> None:
    """One of the transactions; the state is compared in the first."""
    expected = None if call.spans else call.arguments.if_in_state
    outcome, before, after = await transact(call.context, Kind.SUBMISSION, expected, unit, others)
    call.spans.append((before, after))
    call.whole.absorb(outcome)
    call.context.created.update(outcome.ids)
    if outcome.implied is not None:
        call.followed = True
        call.emails.absorb(outcome.implied)


async def _send(call: _Call, key: str, letter: Letter, later: bool) -> None:
    """Send one message and write down that it was sent; `later`: another submission of this call sends it again, so
    that what is to happen to it waits. Raises MailError; then nothing was sent."""
    context, object_id = call.context, spell("S", ordered_id())

    async def unit(tx: Transaction, outcome: Outcome) -> None:
        data = described(context, letter, await send(tx, letter.ready))
        await tx.put_object(context.account_id, Kind.SUBMISSION, object_id, encode(data))
        outcome.make(key, object_id, {name: data[name] for name in data if name not in ("identityId", "emailId")})
        if not later:
            await _follow(call, tx, outcome, {**call.owed, f"#{key}": letter.email_id})

    try:
        await _run(call, unit, letter.ready.accounts)
    finally:
        discard(letter.ready.arrived)
    call.owed = {**call.owed, f"#{key}": letter.email_id} if later else {}
    call.received = call.received or any(context.account_id in one.accounts for one in letter.ready.envelope.local)


async def _rest(call: _Call, tx: Transaction, outcome: Outcome) -> None:
    """Change and destroy submissions, and do what is still owed to messages."""
    account = call.context.account_id
    emails = dict(call.owed)
    for key, patch in (call.arguments.update or {}).items():
        act = partial(_update, tx, account, outcome, key, patch)
        emails |= await _named(tx, account, outcome, key) if await attempt(outcome.not_updated, key, act) else {}
    for key in dict.fromkeys(call.arguments.destroy or ()):
        named = await _named(tx, account, outcome, key)
        act = partial(_destroy, tx, account, outcome, key)
        emails |= named if await attempt(outcome.not_destroyed, key, act) else {}
    await _follow(call, tx, outcome, emails)


async def _named(tx: Transaction, account: AccountId, outcome: Outcome, key: str) -> dict[str, str]:
    """The message of a submission by the submission's name in the request; empty when there is no such."""
    real = outcome.real_id(key)
    data = None if real is None else await tx.get_object(account, Kind.SUBMISSION, real)
    return {} if real is None or data is None else {key: str(_kept(real, data)["emailId"])}


def _kept(object_id: str, data: bytes) -> Json:
    return submission(StoredObject(object_id, data, Modseq(0)))


async def _follow(call: _Call, tx: Transaction, outcome: Outcome, emails: Mapping[str, str]) -> None:
    """What is to happen to the messages of submissions that went well (RFC 8621 §7.5)."""
    arguments, account = call.arguments, call.context.account_id
    updates = {emails[key]: patch for key, patch in (arguments.on_success_update_email or {}).items() if key in emails}
    doomed = dict.fromkeys(emails[key] for key in arguments.on_success_destroy_email or () if key in emails)
    if not updates and not doomed:
        return
    done = outcome.implied = Outcome({**call.context.created, **outcome.ids})
    for email_id, patch in updates.items():
        if email_id in doomed:
            done.not_updated[email_id] = SetError("willDestroy").value()
            continue
        await attempt(done.not_updated, email_id, partial(update_email, tx, account, done, email_id, patch))
    for email_id in doomed:
        await attempt(done.not_destroyed, email_id, partial(destroy_email, tx, account, done, email_id))


async def _update(tx: Transaction, account: AccountId, outcome: Outcome, key: str, patch: Json) -> None:
    """Nothing of a submission can be changed: what was sent is final."""
    real = outcome.real_id(key)
    data = None if real is None else await tx.get_object(account, Kind.SUBMISSION, real)
    if real is None or data is None:
        raise SetError("notFound")
    before = _kept(real, data)
    if patch.get("undoStatus") == "canceled":
        raise SetError("cannotUnsend")
    wrong = [name for name, value in patch.items() if name not in before or before[name] != value]
    if wrong:
        raise invalid_properties(*wrong)
    outcome.updated[real] = None


async def _destroy(tx: Transaction, account: AccountId, outcome: Outcome, key: str) -> None:
    real = outcome.real_id(key)
    if real is None:
        raise SetError("notFound")
    try:
        await tx.delete_object(account, Kind.SUBMISSION, real)
    except NotFound as error:
        raise SetError("notFound") from error
    outcome.destroyed.append(real)
