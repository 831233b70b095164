"""The page of the proof: every figure as it was given, nothing to load, nothing to run, nothing let through."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from connector.model.source import Kind
from connector.money import Currency
from connector.web.page import Step, render
from connector.web.picture import CUSTOMERS_MAX, WIDTH, pictures
from connector.web.questions import groups
from tests.builders import Mirror, money, ref
from tests.proofs import HOSTILE, harbor, promise, proof_of

VOID = frozenset({"meta", "link", "br", "rect", "circle", "path", "input", "img", "hr"})


class Reader(HTMLParser):
    """Reads a page as a browser would: its tags with attributes, and the text a person sees."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def shown(world: Mirror) -> Reader:
    return Reader(render([proof_of(world)], steps=()))


def test_every_amount_stands_on_the_page_to_the_last_digit_of_its_currency() -> None:
    text = shown(harbor()).text
    for amount in ("7,000.40 USD", "9,250.44 USD", "9,330.44 USD", "48,000 JPY", "12.345 KWD", "500.00 USD"):
        assert amount in text


def test_what_journal_entries_make_somebody_owe_is_a_column_where_there_is_any() -> None:
    assert "Journal entries" not in shown(harbor()).text
    world = harbor()
    world.by_hand("JournalEntry:1", "Acme", "-7.25")
    text = shown(world).text
    assert text.count("Journal entries") == 1
    assert "-7.25 USD" in text.replace("\N{MINUS SIGN}", "-")


def test_the_verdict_is_in_words_and_names_the_company_and_the_age_of_its_figures() -> None:
    page = shown(harbor())
    assert page.text.startswith("Books and connector agree to the cent: Harbor Supply")
    assert "data read Jun 15, 2026, 14:05 UTC" in page.text
    assert "do not agree" not in page.text


def test_a_verdict_that_fails_names_the_row_that_is_off() -> None:
    world = harbor()
    world.invoice("INV-7", "Birch", "120.01", still_open="0")
    page = shown(world)
    assert page.text.startswith("Books and connector do not agree: Harbor Supply")
    assert "What is settled of Invoice INV-7" in page.text
    assert "off by 0.01 USD" in page.text
    assert "agree to the cent" not in page.text


def test_one_company_that_fails_is_not_hidden_by_one_that_holds() -> None:
    wrong = harbor()
    wrong.invoice("INV-7", "Birch", "120.01", still_open="0")
    page = Reader(render([proof_of(harbor(), "Good Ltd"), proof_of(wrong, "Off Ltd")], steps=()))
    assert page.text.startswith("Books and connector do not agree")
    assert "Off Ltd: What is settled of Invoice INV-7" in page.text
    labels = [attrs.get("aria-label") for tag, attrs in page.tags if tag == "span" and "mark" in attrs.get("class", "")]
    assert [label for label in labels if label] == ["agrees", "does not agree"]


def test_what_came_from_outside_is_shown_and_never_becomes_markup() -> None:
    world = harbor()
    world.customer(HOSTILE)
    world.invoice('INV"><b>', HOSTILE, "10.00", due="2026-05-01")
    invoice = ref(Kind.INVOICE, 'i-INV"><b>')
    said = promise('INV"><b>', "10.00", "2026-06-05", said="<img src=x onerror=alert(1)>")
    proof = proof_of(world, HOSTILE, {invoice: [said]})
    page = Reader(render([proof], steps=[Step(title=HOSTILE, sentence=HOSTILE, figures=((HOSTILE, HOSTILE),))]))
    assert {tag for tag, _ in page.tags} & {"script", "img", "b"} <= {"b"}
    assert page.text.count('<script>alert("x")</script>') >= 8
    assert "<img src=x onerror=alert(1)>" in page.text
    assert [attrs for _, attrs in page.tags if any(name.startswith("on") for name in attrs)] == []


def test_the_page_is_one_file_that_loads_nothing_and_runs_nothing() -> None:
    html = render([proof_of(harbor())], steps=[Step(title="Sync", sentence="Read.", figures=(("Records", "7"),))])
    page = Reader(html)
    assert page.open == []
    assert "script" not in {tag for tag, _ in page.tags}
    assert re.findall(r"https?://|@import|url\(|@font-face", html) == []
    links = {attrs[name] for _, attrs in page.tags for name in ("href", "src") if name in attrs}
    assert [link for link in links if not link.startswith(("#", "tel:", "mailto:", "data:"))] == []
    assert [attrs for _, attrs in page.tags if "style" in attrs] == []


def test_its_own_policy_admits_only_its_own_style_sheet() -> None:
    html = render([proof_of(harbor())], steps=())
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = next(attrs["content"] for tag, attrs in Reader(html).tags if "http-equiv" in attrs and tag == "meta")
    assert f"default-src 'none'; style-src 'sha256-{digest}'" in policy


def test_headings_are_in_order_and_every_picture_is_also_told_in_words() -> None:
    page = Reader(
        render([proof_of(harbor()), proof_of(harbor(), "Maple")], steps=[Step(title="Sync", sentence="Read.")])
    )
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(following <= level + 1 for level, following in pairwise(levels))
    drawings = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert all(each.get("aria-hidden") == "true" or each.get("aria-label") for each in drawings)
    told = "Acme: 9,000.44 USD overdue of 9,000.44 USD open. 1–30 days 7,000.40 USD, 91+ days 2,000.04 USD."  # noqa: RUF001
    assert told in [each.get("aria-label") for each in drawings]
    assert ("html", {"lang": "en"}) in page.tags
    ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_currencies_never_share_a_picture_and_no_bar_is_longer_than_its_place() -> None:
    drawn = pictures(aging) if (aging := proof_of(harbor()).aging) is not None else ()
    assert [each.currency for each in drawn] == [Currency("USD"), Currency("JPY"), Currency("KWD")]
    for picture in drawn:
        assert {row.open.currency for row in picture.rows} == {picture.currency}
        for bar in (picture.whole, *picture.bars):
            assert bar.overdue.currency == picture.currency
            assert all(piece.width > 0 for piece in bar.pieces)
            assert all(left.x + left.width <= right.x for left, right in pairwise(bar.pieces))
            assert all(piece.x + piece.width <= WIDTH for piece in bar.pieces)


def test_bars_of_one_currency_share_one_scale() -> None:
    usd = pictures(aging)[0] if (aging := proof_of(harbor()).aging) is not None else None
    assert usd is not None
    acme, birch = usd.bars
    assert (acme.name, birch.name) == ("Acme", "Birch")
    # Acme owes 9,000.44 and fills the place; of Birch's 330.00 the 250.00 overdue are 27 thousandths of that.
    assert [(piece.bucket, piece.x, piece.width) for piece in acme.pieces] == [(1, 0, 774), (4, 777, 219)]
    assert [(piece.bucket, piece.x, piece.width) for piece in birch.pieces] == [(2, 0, 24), (0, 27, 5)]


def test_customers_beyond_the_drawn_ones_are_counted_with_what_they_owe() -> None:
    world = Mirror()
    for number in range(CUSTOMERS_MAX + 2):
        world.customer(f"Customer {number}")
        world.invoice(f"N-{number}", f"Customer {number}", f"{100 - number}.00", due="2026-05-01")
    page = shown(world)
    assert "And 2 more customers with 175.00 USD overdue, in the table below." in page.text
    assert "Customer 13" in page.text


def test_money_without_a_home_stands_under_its_reason_with_the_next_step() -> None:
    proof = proof_of(harbor())
    held = {group.code: group for group in groups(proof)}
    assert set(held) == {"amount-fits-nothing", "pending", "decided"}
    assert [(each.payer, each.stake) for each in held["amount-fits-nothing"].questions] == [("Birch", money("500.00"))]
    assert (held["amount-fits-nothing"].stands, held["pending"].stands) == ("ask", "wait")
    text = Reader(render([proof], steps=())).text
    assert "More than its payer owes 500.00 USD Next: Ask the payer what it pays." in text
    assert "Payment ch_lonely of 500.00 USD: it is more than everything its payer has open." in text
    # Two payments need somebody: the lonely one, and the one that only waits for its plan.
    assert "Received, not settled 750.00 USD 2 payments wait for you" in text


def test_what_is_unsettled_of_a_payment_in_the_books_is_its_rest_and_not_the_whole() -> None:
    world = harbor()
    world.invoice("INV-8", "Birch", "40.00", still_open="0")
    world.received("p-8", "Birch", "100.00", {ref(Kind.INVOICE, "i-INV-8"): "40.00"}, unapplied="60.00")
    held = {group.code: group for group in groups(proof_of(world))}
    assert held["unapplied-in-books"].sums == (money("60.00"),)


def test_every_payment_is_in_the_proof_with_its_evidence_or_its_reason() -> None:
    text = shown(harbor()).text
    counted = "1 payment applied with evidence, 2 listed with a reason, 1 decided and waiting for your plan"
    assert f"{counted}, none unexplained." in text
    assert "The books apply it to INV-7." in text
    assert "= INV-3 names INV-3." in text
    for vendor_id in ("ch_named", "ch_lonely", "ch_pending", "p-7"):
        assert vendor_id in text


def test_a_call_shows_whom_to_ring_and_what_was_said_last() -> None:
    invoice = ref(Kind.INVOICE, "i-INV-2")
    broken = promise("INV-2", "2000.04", "2026-06-05")
    page = Reader(render([proof_of(harbor(), contacts={invoice: [broken]})], steps=()))
    assert "Acme INV-2 +1 555 0100 2,000.04 USD 106 days Promise not kept: 2,000.04 USD by Jun 5, 2026" in page.text
    assert "Jun 2, 2026, phone: promise (Pat Lee, accounts payable) Next check run." in page.text
    assert ("a", {"href": "tel:+15550100"}) in page.tags


def test_a_promise_that_is_not_yet_due_is_left_in_peace() -> None:
    invoice = ref(Kind.INVOICE, "i-INV-2")
    kept = promise("INV-2", "2000.04", "2026-06-19")
    text = Reader(render([proof_of(harbor(), contacts={invoice: [kept]})], steps=())).text
    assert "2 invoices past terms and left in peace" in text
    assert "Paid, not yet in the books: 250.00 USD" in text
    assert "Promised: 2,000.04 USD by Jun 19, 2026 , back on Jun 22, 2026" in text


def test_the_story_is_numbered_and_its_figures_are_all_there() -> None:
    figures = tuple((f"Figure {number}", f"{number}.00 USD") for number in range(6))
    page = Reader(render([proof_of(harbor())], steps=[Step(title="Apply", sentence="Written once.", figures=figures)]))
    assert "1 Apply Written once. Figure 0 0.00 USD" in page.text
    assert "2 more figures Figure 4 4.00 USD Figure 5 5.00 USD" in page.text
    assert ("a", {"href": "#story"}) in page.tags


@pytest.mark.parametrize("world", [Mirror(), harbor()], ids=["empty", "full"])
def test_a_page_has_no_empty_places(world: Mirror) -> None:
    text = shown(world).text
    assert "None" not in text
    assert "Undefined" not in text


def test_without_any_company_the_page_says_so() -> None:
    page = Reader(render([], steps=()))
    assert "Nothing to prove yet" in page.text
    assert page.open == []
