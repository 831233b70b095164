"""When an entry of ours may be taken back: for money that went back only untouched, for an undo as it was compared."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.quickbooks import standin, wire
from adapters.quickbooks.admission import Ground, may_take_back
from adapters.quickbooks.translate import Frame
from connector.dates import business_date
from connector.errors import Conflict, Refused
from connector.model.intent import VoidPosting
from connector.model.source import Kind, OpId, PlanId, Ref
from connector.model.stamp import stamp_line
from connector.money import currency
from connector.testing.worlds import parse
from tests.clocks import FakeClock
from tests.unit.quickbooks_ground import BOOKS

STAMP = OpId("A" * 20)
CHARGE = Ref(BOOKS, Kind.PAYMENT, "ch_1")
GROUND = Ground(frame=Frame(connection=BOOKS, home=currency("USD")), several=False, closed_through=None)
RETURN = VoidPosting(
    books=BOOKS,
    target=Ref(BOOKS, Kind.PAYMENT, "7"),
    stamp=STAMP,
    version="2",
    on=business_date("2026-03-29"),
    about=CHARGE,
    memo="",
)
UNDO = replace(RETURN, undoes=PlanId("plan-1"))


def row(version: str, note: str = stamp_line(STAMP, CHARGE), deposit: str = "") -> wire.Payment:
    links = f',"LinkedTxn":[{{"TxnId":"{deposit}","TxnType":"Deposit"}}]' if deposit else ""
    told = f'"SyncToken":"{version}","TxnDate":"2026-03-29","TotalAmt":5,"PrivateNote":"{note}"{links}'
    said = f'{{"Payment":{{"Id":"7",{told}}}}}'
    return wire.single(said.encode(), wire.Payment).row


def test_an_undo_takes_back_the_version_it_was_decided_on_whatever_that_is() -> None:
    may_take_back(UNDO, row("2"), GROUND)
    with pytest.raises(Refused, match="changed in QuickBooks after we wrote it"):
        may_take_back(RETURN, row("2"), GROUND)


def test_an_undo_takes_back_no_other_version_nothing_unmarked_nothing_banked_and_nothing_in_a_closed_period() -> None:
    with pytest.raises(Conflict, match="since it was decided to take it back"):
        may_take_back(UNDO, row("3"), GROUND)
    with pytest.raises(Refused, match="does not carry our stamp"):
        may_take_back(UNDO, row("2", note="mine"), GROUND)
    with pytest.raises(Refused, match="is part of deposit 9"):
        may_take_back(UNDO, row("2", deposit="9"), GROUND)
    with pytest.raises(Refused, match="closed through 2026-03-31"):
        may_take_back(UNDO, row("2"), replace(GROUND, closed_through=business_date("2026-03-31")))


WORLD = """
company  Harbor  home USD  zone America/New_York  country US  realm 9130001  stripe acct_1
account  Checking  bank USD
customer  Acme
2026-03-01  invoice  INV-1  Acme  50.00 USD  due 2026-03-31
"""


@pytest.mark.parametrize(("note", "left"), [("", 1), (stamp_line(STAMP, CHARGE), 0)], ids=["a person's", "ours"])
def test_a_normalised_dump_has_no_trace_of_what_a_program_voided_and_all_that_people_did(note: str, left: int) -> None:
    double = standin.build(parse(WORLD), clock=FakeClock())
    office = double.office()
    invoice, customer = office.find("Invoice", "INV-1"), office.find("Customer", "Acme")
    paid = office.pay(customer, "50.00", {invoice: "50.00"})
    office.edit("Payment", paid, PrivateNote=note)
    whole = double.dump(normalised=True)
    office.void("Payment", paid)
    dumps = [double.dump(normalised=normalised) for normalised in (True, False)]
    counts = [len(each["9130001"]["Payment"]) for each in (whole, *dumps) if isinstance(each, dict)]
    assert counts == [1, left, 1]
