"""One message on its way through SMTP, IMAP, POP3 and JMAP: everywhere the same octets, ids, flags and end."""

from tests.clients.letters import dotted
from tests.clients.people import Person
from tests.journeys.doors import Imap, Jmap, deliver, pop3


def test_one_message_through_all_doors(you: Person) -> None:
    watching, jmap = Imap(you), Jmap(you)
    before = jmap.call("Email/get", ids=[])["state"]
    watching.idle()
    deliver(you, dotted())
    watching.until(b"* 1 EXISTS\r\n")
    watching.done()
    message_id, octets = watching.message(1)
    assert octets.endswith(b"\r\n" + dotted())
    _is_in_pop3(you, octets)
    _is_in_jmap(jmap, message_id, octets)
    assert jmap.call("Email/changes", sinceState=before)["created"] == [message_id]

    assert watching.store("1", "+FLAGS", r"(\Flagged \Seen $Label)")[0] == "OK"
    (email,) = jmap.call("Email/get", ids=[message_id], properties=["keywords"])["list"]
    assert email["keywords"] == {"$flagged": True, "$seen": True, "$label": True}
    watching.idle()
    patch = {message_id: {"keywords/$answered": True, "keywords/$flagged": None}}
    assert message_id in jmap.call("Email/set", update=patch)["updated"]
    news = watching.until(b"* 1 FETCH (")
    assert b"\\Answered" in news and b"\\Flagged" not in news

    state = jmap.call("Email/get", ids=[])["state"]
    session = pop3(you)
    session.dele(1)
    session.quit()
    watching.until(b"* 1 EXPUNGE\r\n")
    watching.done()
    assert watching.search(None, "ALL") == ("OK", [b""])
    assert jmap.call("Email/get", ids=[message_id])["notFound"] == [message_id]
    assert jmap.call("Email/changes", sinceState=state)["destroyed"] == [message_id]
    watching.logout()
    jmap.close()


def _is_in_pop3(you: Person, octets: bytes) -> None:
    session = pop3(you)
    assert session.stat() == (1, len(octets))
    assert b"\r\n".join(session.retr(1)[1]) + b"\r\n" == octets
    session.quit()


def _is_in_jmap(jmap: Jmap, message_id: str, octets: bytes) -> None:
    inbox = jmap.mailbox("inbox")
    assert jmap.call("Email/query", filter={"inMailbox": inbox})["ids"] == [message_id]
    properties = ["subject", "size", "blobId", "mailboxIds", "keywords", "messageId"]
    (email,) = jmap.call("Email/get", ids=[message_id], properties=properties)["list"]
    assert email["subject"] == "Grüße number 900"
    assert email["messageId"] == ["letter900@example.org"]
    assert email["size"] == len(octets)
    assert email["mailboxIds"] == {inbox: True}
    assert email["keywords"] == {}
    assert jmap.octets(email["blobId"]) == octets


def test_written_in_jmap_and_read_by_a_friend(you: Person, friend: Person) -> None:
    theirs, jmap = Imap(friend), Jmap(you)
    theirs.idle()
    drafts, sent = jmap.mailbox("drafts"), jmap.mailbox("sent")
    (identity, *_) = jmap.call("Identity/get", ids=None)["list"]
    draft = {
        "mailboxIds": {drafts: True},
        "keywords": {"$draft": True, "$seen": True},
        "from": [{"name": "Jörg 你", "email": you.address}],
        "to": [{"name": None, "email": friend.address}],
        "subject": "Grüße aus dem Browser",
        "bodyStructure": {"type": "text/plain", "partId": "1"},
        "bodyValues": {"1": {"value": "Schöne Grüße\n.\n..\n"}},
    }
    submission = {"identityId": identity["id"], "emailId": "#draft"}
    afterwards = {"#send": {f"mailboxIds/{drafts}": None, f"mailboxIds/{sent}": True, "keywords/$draft": None}}
    created, submitted = jmap.calls(
        ("Email/set", {"create": {"draft": draft}}),
        ("EmailSubmission/set", {"create": {"send": submission}, "onSuccessUpdateEmail": afterwards}),
    )
    assert submitted["created"]["send"]["id"], submitted
    theirs.until(b"* 1 EXISTS\r\n")
    theirs.done()
    _, octets = theirs.message(1)
    assert f"To: {friend.address}\r\n".encode() in octets

    (email,) = jmap.call("Email/get", ids=[created["created"]["draft"]["id"]])["list"]
    assert email["mailboxIds"] == {sent: True}
    assert email["keywords"] == {"$seen": True}
    other = Jmap(friend)
    (got,) = other.call("Email/query", filter={"text": "Browser"})["ids"]
    (arrived,) = other.call("Email/get", ids=[got], properties=["subject", "from", "preview", "blobId"])["list"]
    assert arrived["subject"] == "Grüße aus dem Browser"
    assert arrived["from"] == [{"name": "Jörg 你", "email": you.address}]
    assert arrived["preview"].startswith("Schöne Grüße")
    assert other.octets(arrived["blobId"]) == octets
    theirs.logout()
    other.close()
    jmap.close()
