"""Writing payments and deposits: what they settle and bank, and every reason for which Intuit refuses them."""

from __future__ import annotations

from dataclasses import replace

from adapters.quickbooks.standin import faults
from adapters.quickbooks.standin.body import Body
from adapters.quickbooks.standin.heading import (
    HEADING,
    NOTE_MAX,
    NUMBER_MAX,
    OBJECT,
    is_sparse,
    keep,
    mark_void,
    must_fit,
    read_current,
    read_day,
    read_heading,
)
from adapters.quickbooks.standin.ledger import BANK, OTHER_ASSET, RECEIVABLE, UNDEPOSITED, Company
from adapters.quickbooks.standin.records import (
    PAYMENT,
    Account,
    CashBack,
    Customer,
    Deposit,
    DepositLine,
    Payment,
)
from connector.money import Currency, Money, zero

_PAYMENT_TEXTS = {"PrivateNote": NOTE_MAX, "PaymentRefNum": NUMBER_MAX, "PaymentMethodRef": OBJECT}
_PAYMENT_FIELDS = frozenset({"CustomerRef", "TotalAmt", "DepositToAccountRef", "Line", "ProcessPayment"})
_PAYMENT_IGNORED = frozenset({"UnappliedAmt", "LinkedTxn"})
_PAYMENT_KNOWN = (HEADING, frozenset(_PAYMENT_TEXTS), _PAYMENT_FIELDS, _PAYMENT_IGNORED)
_LINE_FIELDS = frozenset({"Amount", "LinkedTxn", "LineEx", "Id", "LineNum"})

_DEPOSIT_TEXTS = {"PrivateNote": NOTE_MAX}
_DEPOSIT_KNOWN = (HEADING, frozenset(_DEPOSIT_TEXTS), frozenset({"DepositToAccountRef", "Line", "CashBack"}))
_DEPOSIT_LINE = frozenset({"Amount", "LinkedTxn", "DetailType", "DepositLineDetail", "Description", "Id", "LineNum"})


def create_payment(company: Company, body: Body) -> Payment:
    """Book a payment and what it settles; the rest is unapplied."""
    body.must_know(*_PAYMENT_KNOWN)
    customer = body.needed_named(company, Customer, "CustomerRef")
    heading = read_heading(company, body)
    if heading.currency != customer.currency:
        raise faults.wrong_currency("customer")
    total = body.needed_amount("TotalAmt", heading.currency)
    _must_be_bookable(body, total)
    payment = Payment(
        id=company.next_id(PAYMENT),
        created=company.now,
        updated=company.now,
        on=heading.on,
        currency=heading.currency,
        rate=heading.rate,
        customer=customer.id,
        total=total,
        into=_into(company, body, heading.currency),
        kept=keep(body, _PAYMENT_TEXTS),
    )
    company.settle(payment, _shares(body, heading.currency))
    company.add(payment)
    return payment


def update_payment(company: Company, body: Body) -> Payment:
    """Change a payment. Lines are all or nothing, even in a sparse update; a full one without lines unapplies it."""
    body.must_know(*_PAYMENT_KNOWN)
    payment = read_current(company, Payment, body)
    on = read_day(company, body, payment.on)
    sparse = is_sparse(body)
    if not sparse:
        body.needed_named(company, Customer, "CustomerRef")
        body.needed_amount("TotalAmt", payment.currency)
    if body.reference("CustomerRef") not in (None, payment.customer):
        raise faults.business("The customer of a payment cannot be changed.")
    total = body.amount("TotalAmt", payment.currency) or payment.total
    _must_be_bookable(body, total)
    into = _into(company, body, payment.currency) if "DepositToAccountRef" in body or not sparse else payment.into
    if payment.deposit is not None and (total, into) != (payment.total, payment.into):
        raise faults.deposited()
    kept = keep(body, _PAYMENT_TEXTS, payment.kept if sparse else None)
    company.stir(payment)
    _resettle(company, payment, total, _shares(body, payment.currency) if "Line" in body or not sparse else None)
    payment.on, payment.into, payment.kept = on, into, kept
    company.touch(payment)
    return payment


def _resettle(company: Company, payment: Payment, total: Money, shares: list[tuple[str, str, Money]] | None) -> None:
    """Give a payment another total and other lines (None: the same), or change nothing at all."""
    before = payment.total
    payment.total = total
    try:
        company.settle(payment, shares if shares is not None else shares_of(payment))
    except faults.Refusal:
        payment.total = before
        raise


def shares_of(payment: Payment) -> list[tuple[str, str, Money]]:
    """What a payment takes now, in the form `settle` takes."""
    return [(line.target, line.target_id, line.amount) for line in payment.lines]


def void_payment(company: Company, body: Body) -> Payment:
    """Take a payment back: no amounts, no lines, and the word in its note."""
    payment = read_current(company, Payment, body)
    company.must_be_open(payment.on)
    if payment.deposit is not None:
        raise faults.deposited()
    void(company, payment)
    return payment


def void(company: Company, payment: Payment) -> None:
    """The void itself."""
    company.stir(payment)
    company.unsettle(payment)
    payment.total = zero(payment.currency)
    mark_void(payment)
    company.touch(payment)


def delete_payment(company: Company, body: Body) -> str:
    """Strike a payment out."""
    payment = read_current(company, Payment, body)
    company.must_be_open(payment.on)
    if payment.deposit is not None:
        raise faults.deposited()
    company.unsettle(payment)
    company.remove(payment)
    return payment.id


def _must_be_bookable(body: Body, total: Money) -> None:
    if total.minor < 0:
        raise faults.business("The total of a payment cannot be negative.")
    if body.flag("ProcessPayment"):
        raise faults.business("Payments are not processed for this company.")


def _into(company: Company, body: Body, code: Currency) -> str | None:
    account = body.named(company, Account, "DepositToAccountRef")
    if account is None:
        return None
    if account.kind not in (BANK, OTHER_ASSET):
        raise faults.wrong_account_type("DepositToAccountRef")
    must_fit(company, account, code)
    return None if account.sub_kind == UNDEPOSITED else account.id


def _shares(body: Body, code: Currency) -> list[tuple[str, str, Money]]:
    shares = []
    for line in body.children("Line"):
        line.must_know(_LINE_FIELDS)
        links = line.children("LinkedTxn")
        if len(links) != 1:
            raise faults.missing("Line.LinkedTxn") if not links else faults.invalid("Line.LinkedTxn")
        target = (links[0].needed("TxnType"), links[0].needed("TxnId"))
        shares.append((*target, line.needed_amount("Amount", code)))
    return shares


def create_deposit(company: Company, body: Body) -> Deposit:
    """Bank payments together. A payment learns of it, but neither its token nor its time does."""
    body.must_know(*_DEPOSIT_KNOWN)
    into = body.needed_named(company, Account, "DepositToAccountRef")
    heading = read_heading(company, body)
    if into.kind not in (BANK, OTHER_ASSET):
        raise faults.wrong_account_type("DepositToAccountRef")
    must_fit(company, into, heading.currency)
    lines = _deposit_lines(company, body, heading.currency)
    deposit = Deposit(
        id=company.next_id(Deposit.entity),
        created=company.now,
        updated=company.now,
        on=heading.on,
        currency=heading.currency,
        rate=heading.rate,
        into=into.id,
        lines=lines,
        cash_back=_cash_back(company, body, heading.currency),
        kept=keep(body, _DEPOSIT_TEXTS),
    )
    if deposit.total.minor < 0:
        raise faults.business("A deposit cannot be negative.")
    bank(company, deposit)
    return deposit


def bank(company: Company, deposit: Deposit) -> None:
    """Take the deposit into the books and let its payments point at it."""
    _link(company, deposit.lines, deposit.id)
    company.add(deposit)


def _link(company: Company, lines: tuple[DepositLine, ...], deposit_id: str | None) -> None:
    """Tell the payments which deposit holds them (None: they wait again), without touching them."""
    for line in lines:
        if line.payment is not None:
            payment = company.get(Payment, line.payment)
            payment.deposit = deposit_id
            payment.text = None


def delete_deposit(company: Company, body: Body) -> str:
    """Strike a deposit out; its payments wait again."""
    deposit = read_current(company, Deposit, body)
    company.must_be_open(deposit.on)
    _link(company, deposit.lines, None)
    company.remove(deposit)
    return deposit.id


def update_deposit(company: Company, body: Body) -> Deposit:
    """Change a deposit's note, day, account or lines; lines are all or nothing."""
    body.must_know(*_DEPOSIT_KNOWN)
    deposit = read_current(company, Deposit, body)
    on = read_day(company, body, deposit.on)
    sparse = is_sparse(body)
    into = body.named(company, Account, "DepositToAccountRef") or company.get(Account, deposit.into)
    must_fit(company, into, deposit.currency)
    company.stir(deposit)
    if "Line" in body or not sparse:
        _link(company, deposit.lines, None)
        try:
            lines = _deposit_lines(company, body, deposit.currency)
        except faults.Refusal:
            _link(company, deposit.lines, deposit.id)
            raise
        if _sum_of(lines, deposit).minor < 0:
            _link(company, deposit.lines, deposit.id)
            raise faults.business("A deposit cannot be negative.")
        _link(company, lines, deposit.id)
        deposit.lines = lines
    deposit.on, deposit.into = on, into.id
    deposit.kept = keep(body, _DEPOSIT_TEXTS, deposit.kept if sparse else None)
    company.touch(deposit)
    return deposit


def _sum_of(lines: tuple[DepositLine, ...], deposit: Deposit) -> Money:
    return replace(deposit, lines=lines).total


def _deposit_lines(company: Company, body: Body, code: Currency) -> tuple[DepositLine, ...]:
    lines = tuple(_deposit_line(company, line, code) for line in body.children("Line"))
    if not lines:
        raise faults.missing("Line")
    banked = [line.payment for line in lines if line.payment is not None]
    if len(set(banked)) < len(banked):
        raise faults.not_linkable("A payment is in the deposit twice.")
    return lines


def _deposit_line(company: Company, line: Body, code: Currency) -> DepositLine:
    line.must_know(_DEPOSIT_LINE)
    amount = line.needed_amount("Amount", code)
    links = line.children("LinkedTxn")
    if not links:
        detail = line.inner("DepositLineDetail")
        if line.needed("DetailType") != "DepositLineDetail" or detail is None:
            raise faults.missing("DepositLineDetail")
        account = detail.needed_named(company, Account, "AccountRef")
        must_fit(company, account, code)
        return DepositLine(
            amount=amount,
            account=account.id,
            description=line.text("Description"),
            customer=_owing(company, detail, account, code),
        )
    if "DetailType" in line:
        raise faults.missing("DepositLineDetail.AccountRef")
    if len(links) > 1:
        raise faults.invalid("Line.LinkedTxn")
    if links[0].needed("TxnType") != PAYMENT:
        raise faults.not_linkable("Only payments are deposited here.")
    links[0].needed("TxnLineId")
    payment = company.get(Payment, links[0].needed("TxnId"))
    if payment.deposit is not None or payment.into is not None or payment.currency != code:
        raise faults.not_linkable("The payment is not waiting among the undeposited funds of this currency.")
    if payment.total != amount:
        raise faults.business("The amount of a deposited payment is the payment's own.")
    return DepositLine(amount=amount, payment=payment.id)


def _owing(company: Company, detail: Body, account: Account, code: Currency) -> str | None:
    """Who owes less by a line on the receivables, which has to say so; on other accounts a name is only a name."""
    customer = detail.named(company, Customer, "Entity")
    if account.kind != RECEIVABLE:
        return None
    if customer is None:
        raise faults.business("When you use Accounts Receivable, you must choose a customer in the Name field.")
    if customer.currency != code:
        raise faults.wrong_currency("customer")
    return customer.id


def _cash_back(company: Company, body: Body, code: Currency) -> CashBack | None:
    held = body.inner("CashBack")
    if held is None:
        return None
    account = held.needed_named(company, Account, "AccountRef")
    must_fit(company, account, code)
    return CashBack(account=account.id, amount=held.needed_amount("Amount", code), memo=held.text("Memo"))
