"""Books and a processor with very much in them, in doubles that are slow and refuse whoever asks too often."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from adapters.quickbooks.standin import build as build_books
from adapters.quickbooks.standin.conduct import Conduct as BooksConduct
from adapters.quickbooks.standin.conduct import Limits as BooksLimits
from adapters.stripe.standin import build as build_processor
from adapters.stripe.standin.conduct import Conduct, Limits
from adapters.stripe.standin.ledger import Ledger
from adapters.stripe.standin.moves import Sale, begin_sale, complete_sale
from connector.clock import SystemClock
from connector.testing.standin import Server, parse_faults
from connector.testing.worlds import parse
from tests.journeys.firm import Firm
from tests.judges import JUDGES

ACCOUNT, REALM = "acct_full", "9130077"
SLOW_SECONDS = 0.05
DAYS = 200
DUE_AFTER_DAYS, PAID_AFTER_DAYS, PAID_OUT_AFTER_DAYS = 30, 20, 2
FIRST_DAY = date(2026, 1, 5)


@dataclass(frozen=True)
class Full:
    """What there is: of every invoice a part was paid by check in the books and the rest by card at the processor."""

    invoices: int
    text: str
    payouts: int


def full(invoices: int, days: int = DAYS) -> Full:
    """As many checks, and as many card payments, as invoices; the card payments of a day are paid out together."""
    payers = max(invoices // 20, 2)
    lines = [
        f"company  Full Shelves  home USD  zone America/New_York  country US  realm {REALM}  stripe {ACCOUNT}",
        *("account  Checking  bank USD", "account  Stripe Clearing  bank USD", "account  Stripe Fees  expense USD"),
        *(
            f"customer  Payer {one}  email ap{one}@payer.example  in quickbooks and stripe as cus_{one}"
            for one in range(payers)
        ),
    ]
    paid: list[tuple[date, str]] = []
    of_a_day: dict[date, list[str]] = {}
    for number in range(invoices):
        issued = FIRST_DAY + timedelta(days=number * days // invoices)
        on, payer = issued + timedelta(days=PAID_AFTER_DAYS), f"Payer {number * 7_919 % payers}"
        cents = 10_000 + number * 37 % 90_000
        check, card = cents // 3, cents - cents // 3
        due = issued + timedelta(days=DUE_AFTER_DAYS)
        lines.append(f"{issued}  invoice  F-{number}  {payer}  {cents / 100:.2f} USD  due {due}")
        shares = f"{check / 100:.2f} USD"
        paid.append((on, f"payment  CHK-{number}  {payer}  {shares}  by check  for F-{number} {shares}"))
        paid.append((on, f"payment  ch_{number}  {payer}  {card / 100:.2f} USD  by card  fee 1.30 USD  key F-{number}"))
        of_a_day.setdefault(on, []).append(f"ch_{number}")
    for on, charges in of_a_day.items():
        arrives = on + timedelta(days=PAID_OUT_AFTER_DAYS)
        paid.append((arrives, f"payout  po_{arrives:%m%d}  USD  of {', '.join(charges)}"))
    lines += [f"{on}  {line}" for on, line in sorted(paid, key=lambda each: each[0])]
    return Full(invoices, "\n".join(lines) + "\n", len(of_a_day))


@contextmanager
def shelved(folder: Path, what: Full, *, slowly: bool) -> Iterator[Firm]:
    """A firm beside them, connected to nothing yet. Slowly: each answers late, and refuses by its vendor's limits."""
    (world,) = parse(what.text)
    home = folder / "home"
    home.mkdir(mode=0o700)
    books: Any = build_books((world,), clock=SystemClock())
    processor: Any = build_processor((world,), clock=SystemClock())
    if slowly:
        books.conduct = BooksConduct(limits=BooksLimits())
        processor.conduct = Conduct(limits=Limits())
    firm = Firm(world=world, home=home)
    with ExitStack() as stack:
        for name, double in (("quickbooks", books), ("stripe", processor)):
            firm.doubles[name] = stack.enter_context(Server(double, inspectors=(JUDGES[name],)))
            if slowly:
                firm.doubles[name].add_faults(*parse_faults(f"* /v* 0 slow-answer {SLOW_SECONDS}"))
        yield firm


def calls(firm: Firm, system: str) -> list[str]:
    """What was asked of a system so far, without the company's name."""
    heard = (path.replace(f"/company/{REALM}", "") for _, path, _ in firm.doubles[system].calls)
    return [path for path in heard if path.startswith("/v")]


def refused(firm: Firm) -> int:
    """How many were asked too often."""
    return sum(status == 429 for double in firm.doubles.values() for _, _, status in double.calls)


def something_happens(firm: Firm, changes: int) -> None:
    """Half of the changes in the books, half at the processor: invoices, and card payments for them."""
    books: Any = firm.doubles["quickbooks"].stand_in
    processor: Any = firm.doubles["stripe"].stand_in
    office, ledger = books.office(REALM), processor.ledger(ACCOUNT)
    payer = office.find("Customer", "Payer 1")
    for number in range(changes // 2):
        amount = f"{123 + number / 100:.2f}"
        firm.doubles["quickbooks"].behind(partial(office.invoice, payer, amount, f"L-{number}"))
        firm.doubles["stripe"].behind(partial(_sell, ledger, number))


def _sell(ledger: Ledger, number: int) -> None:
    now = ledger.now()
    sale = Sale(
        charge_id=f"ch_late{number}",
        intent_id=f"pi_late{number}",
        amount=12_300 + number,
        currency="usd",
        method="card",
        created=now,
        customer="cus_1",
        metadata={"invoice_number": f"L-{number}"},
    )
    complete_sale(ledger, begin_sale(ledger, sale), at=now)
