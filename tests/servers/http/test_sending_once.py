"""A submission, its deliveries, its queue rows and what happens to its message are there together or not at all."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from pillarbox.core.errors import Unavailable
from pillarbox.core.ids import AccountId
from pillarbox.store.model import Kind
from pillarbox.store.store import Store
from pillarbox.store.transaction import Transaction
from tests.servers.http.house import USING, House
from tests.servers.http.test_submission import a_draft, envelope, friends_inbox, own_identity


class Gone(BaseException):
    """The process ends here."""


async def the_call(house: House) -> tuple[str, dict[str, Any]]:
    """A draft, and the EmailSubmission/set that sends it and moves it to Sent."""
    email, own = await a_draft(house), await own_identity(house)
    drafts, sent = await house.mailbox("drafts"), await house.mailbox("sent")
    then = {"#s": {f"mailboxIds/{drafts}": None, f"mailboxIds/{sent}": True, "keywords/$draft": None}}
    return email, {"create": {"s": {"identityId": own, "emailId": email}}, "onSuccessUpdateEmail": then}


async def standing(house: House, email: str) -> tuple[int, int, int, dict[str, bool]]:
    """What friend has, what is queued, what submissions there are, and where the draft is."""
    submissions = (await house.call("EmailSubmission/get"))["list"]
    (draft,) = (await house.call("Email/get", ids=[email], properties=["mailboxIds"]))["list"]
    return len(await friends_inbox(house)), len(await house.store.queued()), len(submissions), draft["mailboxIds"]


async def test_the_end_right_after_the_commit(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    email, call = await the_call(house)
    real = Store.write

    async def write(self: Store, accounts: Sequence[AccountId], unit: Callable[[Transaction], Awaitable[Any]]) -> None:
        await real(self, accounts, unit)
        raise Gone

    with monkeypatch.context() as patched, pytest.raises(Gone):
        patched.setattr(Store, "write", write)
        await house.calls(("EmailSubmission/set", call))
    assert await standing(house, email) == (1, 1, 1, {await house.mailbox("sent"): True})


@pytest.mark.parametrize("method", ["put_object", "update_email", "enqueue"])
async def test_the_end_within(house: House, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    email, call = await the_call(house)

    async def fail(*_given: object, **_more: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, method, fail)
        assert (await house.error("EmailSubmission/set", **call))["type"] == "serverFail"
    assert await standing(house, email) == (0, 0, 0, {await house.mailbox("drafts"): True})


async def test_what_cannot_be_recorded_is_not_sent(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    email, call = await the_call(house)

    async def fail(*_given: object) -> None:
        raise Unavailable("no room")

    with monkeypatch.context() as patched:
        patched.setattr(Transaction, "put_object", fail)
        ((_, answer, _),) = await house.calls(("EmailSubmission/set", call))
    assert answer["created"] is None and "s" in answer["notCreated"]
    assert await standing(house, email) == (0, 0, 0, {await house.mailbox("drafts"): True})


async def test_a_patch_that_is_refused_does_not_stop_the_mail(house: House) -> None:
    email, call = await the_call(house)
    call["onSuccessUpdateEmail"] = {"#s": {"subject": "x"}, "#t": {"keywords/a": True}, "Snone": {}}
    first, second = await house.calls(("EmailSubmission/set", call))
    assert first[1]["created"]["s"]["undoStatus"] == "final"
    assert second[0] == "Email/set"
    assert second[1]["notUpdated"][email]["type"] == "invalidProperties"
    assert (await standing(house, email))[:3] == (1, 1, 1)


async def test_one_message_sent_twice_and_then_destroyed(house: House) -> None:
    email, own = await a_draft(house), await own_identity(house)
    one = {"identityId": own, "emailId": email}
    create = {"a": {**one, "envelope": envelope("friend@demo.test")}, "b": {**one, "envelope": envelope("x@far.test")}}
    start = (await house.call("EmailSubmission/get"))["state"]
    call = {"create": create, "onSuccessDestroyEmail": ["#a"], "onSuccessUpdateEmail": {"#b": {"keywords/x": True}}}
    first, second = await house.calls(("EmailSubmission/set", call))
    assert sorted(first[1]["created"]) == ["a", "b"]
    assert first[1]["oldState"] == start
    assert (second[1]["destroyed"], second[1]["notUpdated"][email]["type"]) == ([email], "willDestroy")
    assert second[1]["newState"] == (await house.call("Email/get", ids=[]))["state"]


async def test_the_last_of_several_is_refused(house: House) -> None:
    email, own = await a_draft(house), await own_identity(house)
    one = {"identityId": own, "emailId": email}
    create = {"a": one, "b": {**one, "envelope": envelope("nobody@demo.test")}}
    first, second = await house.calls(
        ("EmailSubmission/set", {"create": create, "onSuccessDestroyEmail": ["#a", "#b"]})
    )
    assert (list(first[1]["created"]), first[1]["notCreated"]["b"]["type"]) == (["a"], "invalidRecipients")
    assert second[1]["destroyed"] == [email]


async def test_a_letter_to_oneself_is_news(house: House) -> None:
    """The answer of the Email/set does not tell of the message that arrived, so it does not claim to tell all."""
    email, call = await the_call(house)
    state = (await house.call("Email/get", ids=[]))["state"]
    call["create"]["s"]["envelope"] = envelope("you@demo.test")
    _, second = await house.calls(("EmailSubmission/set", call))
    assert (second[1]["oldState"], second[1]["updated"]) == (None, {email: None})
    changed = await house.call("Email/changes", sinceState=state)
    assert (len(changed["created"]), changed["updated"]) == (1, [email])


async def test_existing_submissions_and_their_messages(house: House) -> None:
    email, own = await a_draft(house), await own_identity(house)
    create = {"s": {"identityId": own, "emailId": email}}
    made = (await house.call("EmailSubmission/set", create=create))["created"]["s"]["id"]
    call = {"update": {made: {}}, "onSuccessUpdateEmail": {made: {"keywords/touched": True}}}
    first, second = await house.calls(("EmailSubmission/set", call))
    assert (first[1]["updated"], second[1]["updated"]) == ({made: None}, {email: None})
    first, second = await house.calls(
        ("EmailSubmission/set", {"destroy": [made, "Snone"], "onSuccessDestroyEmail": [made, "Snone"]})
    )
    assert (first[1]["destroyed"], second[1]["destroyed"]) == ([made], [email])
    assert await house.store.objects(house.you.account_id, Kind.SUBMISSION) == []


async def test_a_state_that_has_passed_sends_nothing(house: House) -> None:
    email, call = await the_call(house)
    responses = await house.calls(("EmailSubmission/set", {**call, "ifInState": "12345"}))
    assert [(one[0], one[1].get("type")) for one in responses] == [("error", "stateMismatch")]
    state = (await house.call("EmailSubmission/get"))["state"]
    first, _ = await house.calls(("EmailSubmission/set", {**call, "ifInState": state}))
    assert (first[1]["oldState"], list(first[1]["created"])) == (state, ["s"])
    assert (await standing(house, email))[:3] == (1, 1, 1)


async def test_creation_ids_reach_later_calls(house: House) -> None:
    _, call = await the_call(house)
    made = [["EmailSubmission/set", {"accountId": house.account, **call}, "0"],
            ["EmailSubmission/set", {"accountId": house.account, "destroy": ["#s"]}, "1"]]  # fmt: skip
    answer = (await house.post({"using": USING, "methodCalls": made, "createdIds": {}})).json()
    assert answer["methodResponses"][2][1]["destroyed"] == [answer["createdIds"]["s"]]


async def test_several_senders_and_nobody_who_sent_it(house: House) -> None:
    own = await own_identity(house)
    both = [{"email": "you@demo.test"}, {"email": "you+x@demo.test"}]
    email = await a_draft(house, **{"from": both})
    answer = await house.call("EmailSubmission/set", create={"s": {"identityId": own, "emailId": email}})
    assert answer["notCreated"]["s"] == {
        "type": "invalidEmail",
        "description": "several senders",
        "properties": ["from"],
    }
    named = await a_draft(house, **{"from": both, "sender": [{"email": "you@demo.test"}]})
    made = await house.call("EmailSubmission/set", create={"s": {"identityId": own, "emailId": named}})
    assert made["created"]["s"]["envelope"]["mailFrom"] == {"email": "you@demo.test", "parameters": None}
