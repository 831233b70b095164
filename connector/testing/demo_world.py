"""The demo's world: two small firms with forty customers, most of whose money has come and is not yet in the books.

`demo_world` writes it in the notation of this room's README. Until about eighty days ago customers paid by check and
wire, and the books say so; since then most pay through Stripe, some by PayPal, and nobody has applied that money.
Every awkward case of the trade is placed on purpose under a comment `# case: NAME`; CASES lists the names, and each
firm has them all.
The text depends on the day and the seed alone: nothing here may ask the time or any other source of chance.
"""

from __future__ import annotations

import random

from connector.dates import BusinessDate, later
from connector.money import Money, split, total
from connector.testing import demo_paypal, demo_stripe
from connector.testing.demo_debts import Debt, Fate, chance, part_of_credit, plan, workday
from connector.testing.demo_firms import ACCOUNTS, EUR, FIRMS, JPY, USD, Firm
from connector.testing.demo_story import Story

CASES = (
    "partial payment",
    "over-payment",
    "short payment by a few dollars",
    "fully refunded payment",
    "partly refunded payment",
    "dispute lost",
    "dispute open",
    "ACH pending",
    "ACH returned after success",
    "failed card attempt",
    "two equal open invoices",
    "mistyped reference",
    "reference with swapped digits names another customer's invoice",
    "payment names an invoice already paid",
    "payment without any reference",
    "second currency",
    "zero-decimal currency",
    "parent pays for its child",
    "credit note applied",
    "credit note unused",
    "payment less a credit note",
    "invoice in Stripe only",
    "invoice in both systems",
    "customer in both systems",
    "invoice never sent",
    "very old invoice",
    "overdue invoice",
    "current invoice",
    "payout with a refund and a fee",
    "deposit of checks",
    "unapplied check names its invoice",
    "unapplied wire names two invoices",
    "check with an unapplied rest",
    "collection history",
    "payment by PayPal",
    "PayPal eCheck on its way",
    "withdrawal from PayPal",
)

_FRIDAY = 4
_BANKED_UNTIL_DAYS_AGO = 5
_BANKS = {USD: "Checking", EUR: "Euro Bank", JPY: "Yen Bank"}


def _invoices(story: Story) -> None:
    shown = {"very old invoice", "overdue invoice", "current invoice", "invoice never sent", "two equal open invoices"}
    shown.add("payment less a credit note")
    shown |= {"invoice in Stripe only", "invoice in both systems"}
    for debt in story.debts:
        sent_on = min(story.today, later(debt.on, story.rng.choice((0, 0, 0, 1))))
        where = ""
        if not debt.buyer.in_books:
            where = f"in stripe as in_{debt.number.lower().replace('-', '_')}"
        elif debt.case == "invoice in both systems":
            where = f"in quickbooks and stripe as in_{debt.number.lower().replace('-', '_')}"
        sent = f"sent {debt.buyer.email} {sent_on}" if debt.sent else ""
        fields = (debt.number, debt.buyer.name, str(debt.amount), f"due {debt.due}", sent, where)
        story.say(debt.on, "invoice", *fields, case=debt.case if debt.case in shown else "")


def _for(*debts: Debt) -> str:
    return "for " + ", ".join(f"{debt.number} {debt.amount}" for debt in debts)


def _checks_and_wires(story: Story) -> None:
    """Money of the old days, applied by hand; now and then one check pays two invoices."""
    waiting = sorted((d for d in story.debts if d.fate is Fate.BOOKS), key=lambda d: (d.buyer.name, d.paid_on))
    while waiting:
        paid = [waiting.pop(0)]
        if waiting and waiting[0].buyer == paid[0].buyer and waiting[0].paid_on <= later(paid[0].paid_on, 14):
            paid.append(waiting.pop(0))
        buyer = paid[0].buyer
        word = "WIRE" if buyer.currency != USD or chance(story.rng, percent=30) else "CHK"
        amount = total((debt.amount for debt in paid), buyer.currency)
        story.receive(word, paid[-1].paid_on, buyer, amount, _for(*paid))


def _awkward_checks(story: Story) -> None:
    """Money that the books hold without saying, or without saying wholly, for which invoice."""
    for debt in story.of_case("unapplied check names its invoice"):
        memo = f'memo "Payment of invoice {debt.number}"'
        story.receive("CHK", workday(debt.paid_on), debt.buyer, debt.amount, memo, case=debt.case)
    first, second = story.of_case("unapplied wire names two invoices")
    memo = f'memo "{first.number} and {second.number}"'
    both = first.amount + second.amount
    story.receive("WIRE", workday(first.paid_on), first.buyer, both, memo, case=first.case)
    for debt in story.of_case("check with an unapplied rest"):
        more = debt.amount + Money(60_00, USD)
        memo = 'memo "Includes 60.00 for our next order"'
        story.receive("CHK", workday(debt.paid_on), debt.buyer, more, _for(debt), memo, case=debt.case)
    for debt in story.of_case("payment names an invoice already paid"):
        story.receive("CHK", workday(later(debt.paid_on, -6)), debt.buyer, debt.amount, _for(debt))


def _credits(story: Story) -> None:
    (debt,) = story.of_case("credit note applied")
    part = split(debt.amount, (1, 2))[0]
    of = f"applied {debt.number} {part}"
    story.say(debt.paid_on, "credit", f"CM-{story.firm.prefix}1", debt.buyer.name, str(part), of, case=debt.case)
    (debt,) = story.of_case("payment less a credit note")
    on = workday(later(debt.paid_on, -3))
    fields = (f"CM-{story.firm.prefix}4", debt.buyer.name, str(part_of_credit(debt)))
    story.say(on, "credit", *fields, case=debt.case)
    for number, days in ((2, 40), (3, 11)):
        buyer = story.rng.choice([b for b in story.firm.buyers if b.in_books and b.currency == USD])
        amount = Money(story.rng.randint(60, 400) * 100, USD)
        on = workday(later(story.today, -days))
        fields = (f"CM-{story.firm.prefix}{number}", buyer.name, str(amount))
        story.say(on, "credit", *fields, case="credit note unused")


def _deposits(story: Story) -> None:
    """Wires are in the bank the day they come; checks are carried there on Fridays; the last ones still wait."""
    batches: dict[BusinessDate, list[str]] = {}
    for receipt in story.receipts:
        if receipt.id.startswith("WIRE"):
            story.say(receipt.on, "deposit", _BANKS[receipt.amount.currency], f"of {receipt.id}")
        else:
            friday = later(receipt.on, (_FRIDAY - receipt.on.weekday()) % 7)
            batches.setdefault(friday, []).append(receipt.id)
    done = [day for day in sorted(batches) if day <= later(story.today, -_BANKED_UNTIL_DAYS_AGO)]
    for day in done:
        case = "deposit of checks" if day == done[-1] else ""
        story.say(day, "deposit", _BANKS[USD], "of " + ", ".join(batches[day]), case=case)


def _history(story: Story) -> None:
    """Calls about the two oldest debts: a voicemail, a promise that was not kept, one that still may be."""
    late = sorted((d for d in story.debts if d.fate is Fate.OPEN and d.sent), key=lambda d: d.due)[:2]
    for debt, broken in zip(late, (True, False), strict=True):
        first = workday(later(debt.due, 12))
        said, by_day = ("It is in Friday's check run.", later(first, 15))
        if not broken:
            said, by_day = ("The owner signs next week.", later(story.today, 6))
        asked = workday(later(first, 8) if broken else later(story.today, -4))
        story.say(first, "contact", debt.number, "voicemail", f"next {later(first, 8)}", case="collection history")
        promised = f"promised {debt.amount} by {by_day}"
        fields = (debt.number, "promise", "Dana Reyes", "role accounts payable", f'said "{said}"', promised)
        story.say(asked, "contact", *fields)
    story.say(workday(later(late[0].due, 13)), "note", late[0].number, '"Left a message; calling again."')


def _customers(firm: Firm) -> list[str]:
    lines = []
    for buyer in firm.buyers:
        systems = ("quickbooks" if buyer.in_books else "", f"stripe as {buyer.stripe_id}" if buyer.stripe_id else "")
        where = " and ".join(part for part in systems if part)
        parent = f"parent {buyer.parent}" if buyer.parent else ""
        billed = f"currency {buyer.currency}" if buyer.currency != USD else ""
        fields = ("customer", buyer.name, f"email {buyer.email}", f"phone {buyer.phone}", parent, billed, f"in {where}")
        if buyer is firm.buyers[0]:
            lines.append("# case: customer in both systems")
        lines.append("  ".join(part for part in fields if part))
    return lines


def _firm(firm: Firm, today: BusinessDate, rng: random.Random) -> str:
    story = Story(firm, today, rng, plan(firm, today, rng))
    for step in (
        _invoices,
        _checks_and_wires,
        _awkward_checks,
        _credits,
        demo_stripe.tell,
        demo_paypal.tell,
        _deposits,
        _history,
    ):
        step(story)
    dated = [text for _, _, _, text in sorted(story.lines)]
    heading = f"company  {firm.name}  {firm.facts}"
    return "\n".join([heading, ACCOUNTS.rstrip(), *_customers(firm), "", *dated, ""])


def demo_world(today: BusinessDate, *, seed: int = 7) -> str:
    """Both firms as they stand at the end of `today`, readable by `worlds.parse`; the same text for the same two."""
    rng = random.Random(seed)  # noqa: S311 - made-up data, nothing secret
    opening = f"# Two made-up firms as they stand at the end of {today} (seed {seed}); no name in it is real.\n"
    return opening + "\n".join(_firm(firm, today, rng) for firm in FIRMS)
