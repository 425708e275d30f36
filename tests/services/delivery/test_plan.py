"""Who gets a message, each once."""

from pillarbox.core.ids import AccountId
from pillarbox.services.delivery.service import Envelope, elsewhere, plan
from pillarbox.store.model import Local

ONE, TWO = AccountId(1), AccountId(2)


def test_each_account_once_by_its_first_address() -> None:
    first, second = Local("a+x@d", (ONE,), "x"), Local("a@d", (ONE,))
    recipients = [first, second, Local("all@d", (TWO, ONE)), Local("b+y@d", (TWO,), "y")]
    assert plan(recipients) == {ONE: "x", TWO: None}


def test_elsewhere_each_once() -> None:
    lists = (Local("list@d", (ONE,), None, ("x@e", "y@e")), Local("more@d", (), None, ("y@e", "z@e")))
    assert elsewhere(Envelope("s@d", lists, "id", ("z@e", "w@e"))) == ["z@e", "w@e", "x@e", "y@e"]
