"""Proofs to show: small worlds with every kind of row, made by the house's own rules from values written by hand."""

from __future__ import annotations

from connector.app.agreeing import Report
from connector.app.proof import Proof, money_rows
from connector.collect.aging import aging
from connector.collect.worklist import worklist
from connector.dates import business_date, instant_from_iso, zone
from connector.model.contact import Channel, Contact, ContactId, Direction, Outcome, Promise
from connector.model.invoice import Issued
from connector.model.money_in import PaymentState
from connector.model.party import AccountRole
from connector.model.source import ActorId, CompanyId, Kind, Ref, Tag
from connector.reconcile.match import reconcile
from connector.reconcile.sides import Ground, sheets
from connector.reconcile.tieout import tie_out
from tests.accounts import ACCOUNTS
from tests.builders import BOOKS, PROCESSOR, Mirror, money, ref

AS_OF = business_date("2026-06-15")
PAYABLE = f"""\
company  Walkabout Tools  home USD  zone America/New_York  country US  realm 9140001  stripe acct_walk
{ACCOUNTS}
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_walk_acme
2026-03-02  invoice  P-1  Acme Bakery  120.00 USD  due 2026-04-01
2026-03-02  invoice  P-2  Acme Bakery  220.00 USD  due 2026-04-01
2026-03-02  invoice  P-3  Acme Bakery  320.00 USD  due 2026-04-01
2026-03-02  invoice  P-4  Acme Bakery  420.00 USD  due 2026-04-01
2026-03-02  invoice  P-5  Acme Bakery  520.00 USD  due 2026-04-01
2026-03-02  invoice  P-6  Acme Bakery  620.00 USD  due 2026-04-01
"""
"""A firm whose invoices can all be paid."""

HOSTILE = '<script>alert("x")</script> & "Söhne"'


def harbor() -> Mirror:
    """USD: open 9,330.44, of which overdue 9,250.44; JPY 48,000 and KWD 12.345 overdue; 500.00 USD named nothing."""
    world = Mirror()
    world.customer("Acme")
    world.customer("Birch")
    world.invoice("INV-1", "Acme", "7000.40", due="2026-05-31")
    world.invoice("INV-2", "Acme", "2000.04", due="2026-03-01")
    world.invoice("INV-3", "Birch", "250.00", due="2026-04-30")
    world.invoice("INV-4", "Birch", "80.00", due="2026-07-31")
    world.invoice("INV-5", "Acme", "48000 JPY", due="2026-05-01")
    world.invoice("INV-6", "Birch", "12.345 KWD", due="2026-06-01")
    world.invoice("INV-7", "Birch", "120.00", still_open="0")
    world.received("p-7", "Birch", "120.00", {ref(Kind.INVOICE, "i-INV-7"): "120.00"})
    world.charge("ch_named", "250.00", tags=(Tag("invoice_number", "INV-3"),))
    world.charge("ch_lonely", "500.00", payer="Birch")
    world.charge("ch_pending", "33.00", state=PaymentState.PENDING, payer="Acme")
    world.account("A/R", AccountRole.RECEIVABLE, "9330.44")
    world.account("A/R JPY", AccountRole.RECEIVABLE, "48000 JPY", code="JPY")
    world.account("A/R KWD", AccountRole.RECEIVABLE, "12.345 KWD", code="KWD")
    entry = world.entry("txn_1", ref(Kind.PAYMENT, "ch_named", PROCESSOR), "250.00", "7.55")
    world.payout("po_1", "242.45", entry)
    return world


def proof_of(world: Mirror, company: str = "Harbor Supply", contacts: dict[Ref, list[Contact]] | None = None) -> Proof:
    """What the house would say of this world."""
    seen = world.seen()
    outcome = reconcile(seen)
    ties = tie_out(seen)
    ground = Ground(snapshot=seen, accounts={}, starts={}, zone=zone("America/New_York"), as_of=AS_OF)
    return Proof(
        company=company,
        as_of=AS_OF,
        data_as_of=instant_from_iso("2026-06-15T14:05:00Z"),
        aging=aging(seen, BOOKS, AS_OF),
        ties=ties,
        money=money_rows(seen, outcome),
        findings=outcome.findings,
        today=worklist(seen, contacts or {}, AS_OF),
        chain=(),
        problems=tuple(finding.sentence for finding in ties.findings),
        report=Report(as_of=AS_OF, sheets=sheets(ground)),
    )


def promise(invoice: str, amount: str, by: str, *, said: str = "Next check run.") -> Contact:
    """A call in which somebody promised."""
    return Contact(
        contact_id=ContactId(f"c-{invoice}"),
        company_id=CompanyId("main"),
        invoice=ref(Kind.INVOICE, f"i-{invoice}"),
        invoice_number=invoice,
        customer=None,
        customer_name="Acme",
        at=instant_from_iso("2026-06-02T15:00:00Z"),
        zone="America/New_York",
        by=ActorId("dana"),
        direction=Direction.OUT,
        channel=Channel.PHONE,
        outcome=Outcome.PROMISE,
        person="Pat Lee",
        role="accounts payable",
        address="+1 555 0100",
        said=said,
        open_amount=money(amount),
        days_overdue=2,
        issued=Issued(),
        promise=Promise(amount=money(amount), by=business_date(by)),
    )
