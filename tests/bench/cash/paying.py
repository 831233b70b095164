"""A payer's day of payment: what it chooses, what it sends, and what of that reaches the firm's eyes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from tests.bench.cash import remittance
from tests.bench.cash.books import Books
from tests.bench.cash.deals import Deal, strike
from tests.bench.cash.judge import Clue
from tests.bench.cash.people import Payer
from tests.bench.cash.records import Item, Receipt
from tests.bench.cash.remittance import Style, Text

EARLY_DAYS = 3
SHOWS_ACCOUNT = 0.75
SHOWS_EMAIL = 0.8
NAMES_CREDIT = 0.6
TEXT_BESIDE_KEY = 0.3
ALONE = 0.3
"""Of invoices that were issued together, so many are paid each by itself."""
NOWHERE = 500_000
"""So far away there is no number yet."""
STRANGERS = 200
"""Of so many latest items one is a stranger's."""
SHORTENS = 0.5
"""So many write following numbers in a short way."""


@dataclass(frozen=True, slots=True)
class Front:
    """Who seems to have paid, and whether the ledger lists it."""

    name: str = ""
    account: str = ""
    processor: str = ""
    email: str = ""
    known: bool = False
    fits: bool = False


def choose(books: Books, payer: Payer, target: str, today: date) -> list[str]:
    """What it pays today: what it meant to, or everything that is due, perhaps less a credit."""
    rng = books.rng
    open_ = [item for item in books.open_of(payer) if item not in books.lost]
    ripe = [
        item
        for item in open_
        if books.left[item] > 0 and (item == target or books.items[item].due <= today + timedelta(days=EARLY_DAYS))
    ]
    if not ripe:
        return []
    if payer.batches:
        ripe = ripe[: books.profile.run_max]
        chosen = ripe[: rng.randrange(1, len(ripe) + 1)] if rng.random() < 0.2 else ripe
    elif target in ripe:
        chosen = _with_siblings(books, target, ripe)
    else:
        return []
    credit = next((item for item in open_ if books.left[item] < 0), "")
    if credit and rng.random() < 0.5 and sum(books.left[item] for item in chosen) + books.left[credit] > 0:
        return [*chosen, credit]
    return chosen


def _with_siblings(books: Books, target: str, ripe: Sequence[str]) -> list[str]:
    """What was issued together is mostly paid together."""
    if books.rng.random() < ALONE:
        return [target]
    mine = books.items[target]
    return [item for item in ripe if (books.items[item].issued, books.items[item].due) == (mine.issued, mine.due)]


def pay(books: Books, payer: Payer, chosen: Sequence[str], today: date) -> Receipt | None:
    """One payment; None where nothing would be sent."""
    deal = strike(books, payer, chosen, today)
    if deal.amount <= 0:
        return None
    sender = _sender(books, payer)
    front = _front(books, sender)
    text = _text(books, payer, sender, deal)
    key, key_is = _key(books, payer, sender, deal)
    if key and books.rng.random() >= TEXT_BESIDE_KEY:
        text = Text()
    receipt = Receipt(
        id=books.receipt_id(), kind="payment", source=_source(sender) if sender.processor else "bank", on=today,
        currency=deal.currency, amount=deal.amount, fee=30 + deal.amount * 29 // 1_000 if sender.processor else 0,
        payer_name=front.name, payer_account=front.account, processor=front.processor, email=front.email,
        text=text.text, key=key, truth=deal.links, style=text.style.value,
        category=f"{key_is} key" if key_is in ("stale", "reused") else deal.category, sender=sender.id,
    )  # fmt: skip
    root = books.crowd.root(sender)
    books.clues.append(
        Clue(
            receipt=receipt, category=deal.category, text=text, key=key_is, root=root, known=front.known,
            fits=front.fits,
        )
    )  # fmt: skip
    books.apply(deal.links)
    books.receipts.append(receipt)
    return receipt


def _source(sender: Payer) -> str:
    return "paypal" if sender.processor.endswith(("7", "8", "9")) else "stripe"


def _sender(books: Books, payer: Payer) -> Payer:
    """The payer, its parent, a stranger among the customers."""
    rng = books.rng
    if payer.customer.parent and rng.random() < 0.5:
        return books.crowd.payers[payer.customer.parent]
    if rng.random() < books.profile.sister_pays:
        return rng.choice(list(books.crowd.payers.values()))
    return payer


def _front(books: Books, sender: Payer) -> Front:
    """What the receipt shows of its sender."""
    rng, profile, who = books.rng, books.profile, sender.customer
    if not sender.processor and rng.random() < profile.third_party:
        agency = rng.randrange(3)
        account = f"DE{90 + agency}{books.tenant}" if rng.random() < 0.5 else ""
        return Front(name=("Payments Agency", "PAYCO CLEARING", "Factor Trust")[agency], account=account)
    spelling = rng.choice(sender.spellings)
    named = rng.random() < profile.name_known
    known = named and books.crowd.is_named(sender, spelling)
    fits = named and books.crowd.fits(sender, spelling)
    name = spelling.text if named else ""
    if sender.processor:
        email = sender.email if rng.random() < SHOWS_EMAIL else ""
        return Front(name, "", sender.processor, email, known or bool(who.processor or (email and who.email)), fits)
    account = sender.account if rng.random() < SHOWS_ACCOUNT else ""
    return Front(name, account, "", "", known or bool(account and who.account), fits)


def _text(books: Books, payer: Payer, sender: Payer, deal: Deal) -> Text:
    rng, profile = books.rng, books.profile
    meant = [books.items[link.item] for link in deal.links]
    if any(item.amount < 0 for item in meant) and rng.random() >= NAMES_CREDIT:
        meant = [item for item in meant if item.amount > 0]
    style = payer.habit if payer.writes else Style.NONE
    if payer.writes and len(meant) > 1 and rng.random() < SHORTENS:
        style = rng.choice((Style.RANGE, Style.SHORTHAND))
    if payer.writes and len(meant) > 2 and _are_all_between(books, payer, meant) and rng.random() < profile.spans:
        style = Style.SPAN
    elif payer.writes and len(meant) > 1 and rng.random() < profile.periods:
        style = Style.PERIOD
    if payer.writes and rng.random() < profile.slips:
        style = remittance.pick(rng, remittance.SLIPS)
    width = rng.choice(remittance.WIDTHS) if not sender.processor and rng.random() < profile.cut else 0
    numbers = [item.number for item in meant]
    others = _others(books, payer, meant, deal.amount)
    days = min(item.issued for item in meant), max(item.issued for item in meant)
    return remittance.write(rng, numbers, style, others=others, days=days, width=width, noise=profile.noise)


def _are_all_between(books: Books, payer: Payer, meant: Sequence[Item]) -> bool:
    """Whether of the payer's group nothing else is open from the first of these numbers to the last."""
    first, last = min(item.number for item in meant), max(item.number for item in meant)
    opened = [books.items[item].number for item in books.open_of_group(payer)]
    return sum(first <= number <= last for number in opened) == len(meant) and len({*map(len, opened)}) == 1


def _others(books: Books, payer: Payer, meant: Sequence[Item], amount: int) -> list[str]:
    """Numbers for a wrong reference: of the payer's other items, unless it would then be right, and of a stranger's."""
    names = {item.id for item in meant}
    mine = [
        books.items[item].number for item in books.open_of(payer) if item not in names and books.left[item] != amount
    ]
    stranger = books.rng.choice(list(islice(reversed(books.items), STRANGERS)))
    if stranger not in books.open_of_group(payer):
        mine = [*mine[:3], books.items[stranger].number]
    lead, digits = remittance.lead_of(meant[0].number), remittance.digits_of(meant[0].number)
    return mine[:4] or [f"{lead}{int(digits) + NOWHERE:0{len(digits)}d}"]


def _key(books: Books, payer: Payer, sender: Payer, deal: Deal) -> tuple[str, str]:
    """The id stored with the payment, and whether it is fresh, stale or that of another open item."""
    rng, profile = books.rng, books.profile
    if not sender.processor or len(deal.links) != 1 or rng.random() >= profile.key_kept:
        return "", ""
    meant = deal.links[0].item
    if rng.random() < profile.stale_key and books.paid[payer.id]:
        return books.paid[payer.id][-1], "stale"
    other = [item for item in books.open_of(payer) if item != meant and 0 < books.left[item] != deal.amount]
    if other and deal.category == "exact" and rng.random() < profile.reused_key:
        return rng.choice(other), "reused"
    return meant, "fresh"
