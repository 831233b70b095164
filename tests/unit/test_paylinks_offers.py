"""Which methods apply and why not the others, what each costs, and the words that go with a link."""

from __future__ import annotations

from dataclasses import replace

import pytest

from connector.dates import business_date
from connector.model.money_in import Payment, PaymentState
from connector.model.paylink import MethodTerms, Price
from connector.model.source import ConnectionId, Kind, Ref
from connector.money import currency
from connector.paylinks import LANGUAGES, Counter, Letter, Way, costs, letter, methods_for, missing, offered
from tests.builders import money, ref

CARD, BANK = ConnectionId("cards"), ConnectionId("bank")
ANY: frozenset[str] = frozenset()
COUNTER = Counter(
    connection=CARD,
    title="Cards",
    codes={"card": ANY, "ach": frozenset({"USD"}), "wallet": ANY, "transfer": ANY},
    terms={
        "card": MethodTerms(least={"USD": 50}, most={"USD": 100_000}),
        "ach": MethodTerms(countries=frozenset({"US"}), days="up to 4 business days"),
        "wallet": MethodTerms(countries=frozenset({"FR"}), instead="use the other one"),
        "transfer": MethodTerms(by_choice=True),
    },
    titles={"card": "Card"},
    country="US",
)


def why(counter: Counter, amount: str, *choices: tuple[str, ...]) -> dict[str, str]:
    return {each.code: each.why for each in offered([counter], money(amount), choices).left_out}


def codes(counter: Counter, amount: str, *choices: tuple[str, ...]) -> list[str]:
    return [way.code for way in offered([counter], money(amount), choices).ways]


def test_each_method_is_offered_or_left_out_for_a_reason_in_words() -> None:
    assert codes(COUNTER, "120.00") == ["card", "ach"]
    assert why(COUNTER, "120.00") == {
        "wallet": "it is not for sellers in US; use the other one",
        "transfer": "it is offered only where it is chosen",
    }
    assert why(COUNTER, "0.49")["card"] == "the least it takes is 0.50 USD"
    assert why(COUNTER, "1000.01")["card"] == "the most it takes is 1,000.00 USD"
    assert why(COUNTER, "120.00 EUR")["ach"] == "it does not take EUR"


def test_the_bounds_of_a_method_are_offered_themselves() -> None:
    assert "card" in codes(COUNTER, "0.50")
    assert "card" in codes(COUNTER, "1000.00")


def test_a_processor_that_is_unwell_offers_nothing_and_says_so() -> None:
    sick = replace(COUNTER, trouble="it could not be reached lately")
    assert codes(sick, "120.00") == []
    assert set(why(sick, "120.00").values()) == {"it could not be reached lately"}


def test_a_method_must_be_on_every_list_and_the_last_list_gives_the_order() -> None:
    assert codes(COUNTER, "120.00", ("ach", "card")) == ["ach", "card"]
    assert codes(COUNTER, "120.00", ("card", "transfer"), ()) == ["card", "transfer"]
    assert codes(COUNTER, "120.00", ("card", "ach", "transfer"), ("transfer", "ach")) == ["transfer", "ach"]
    assert why(COUNTER, "120.00", ("ach",))["card"] == "it was not chosen"


def test_of_two_processors_for_one_method_the_first_takes_it() -> None:
    second = replace(COUNTER, connection=BANK)
    assert {way.connection for way in offered([COUNTER, second], money("120.00")).ways} == {CARD}


def test_a_way_says_how_long_its_outcome_takes() -> None:
    found = {way.code: (way.title, way.delayed, way.days) for way in offered([COUNTER], money("120.00")).ways}
    assert found == {"card": ("Card", False, ""), "ach": ("ach", True, "up to 4 business days")}


def test_what_a_page_left_out_without_a_word_is_told_with_its_likely_cause() -> None:
    found = missing(("card", "ach", "wallet"), ("card",), COUNTER, money("120.00"))
    assert {each.code: each.why for each in found} == {
        "ach": "most likely it is not switched on in the account at Cards",
        "wallet": "it is not for sellers in US; use the other one",
    }


def test_methods_follow_the_currency() -> None:
    assert methods_for(currency("USD"), {"card": ANY, "ach": frozenset({"USD"})}) == ("card", "ach")
    assert methods_for(currency("EUR"), {"card": ANY, "ach": frozenset({"USD"})}) == ("card",)


WAYS = (
    Way(code="card", title="Card", connection=CARD),
    Way(code="ach", title="ACH", connection=CARD),
)
LISTED = {
    (CARD, "card"): Price(basis_points=290, fixed={"USD": 30}),
    (CARD, "ach"): Price(basis_points=80, fixed={"USD": 0}, most={"USD": 500}),
}


def fee(name: str, gross: str, cost: str) -> tuple[Ref, Payment]:
    payment = Payment(
        customer=None,
        received_on=business_date("2026-05-01"),
        gross=money(gross),
        state=PaymentState.SUCCEEDED,
        method="card",
        fee=money(cost),
    )
    return ref(Kind.PAYMENT, name, CARD), payment


def listed(amount: str) -> list[str]:
    return [str(each.listed) for each in costs(WAYS, money(amount), LISTED, {}, ())]


def test_the_price_list_is_rounded_half_up_and_held_to_its_most() -> None:
    assert listed("120.00") == ["3.78 USD", "0.96 USD"]
    assert listed("1000.00") == ["29.30 USD", "5.00 USD"]
    assert listed("120.00 EUR") == ["None", "None"]


def test_a_firms_own_price_beats_the_list_and_is_marked_as_its_own() -> None:
    own = {"card": Price(basis_points=200, fixed={"USD": 0})}
    card, ach = costs(WAYS, money("120.00"), LISTED, own, ())
    assert (card.listed, card.own, ach.own) == (money("2.40"), True, False)


def test_the_fees_really_taken_are_shown_where_there_are_enough_of_them() -> None:
    few = [fee("ch_1", "100.00", "3.00"), fee("ch_2", "100.00", "3.00")]
    assert [each.seen for each in costs(WAYS, money("120.00"), LISTED, {}, few)] == [None, None]
    card, _ = costs(WAYS, money("120.00"), LISTED, {}, [*few, fee("ch_3", "200.00", "10.00")])
    assert (card.seen, card.payments) == (money("4.80"), 3)


def text(language: str, *numbers: str, overdue: bool = False, name: str = "Pat") -> tuple[str, str]:
    about = Letter(
        seller="Walkabout Tools",
        name=name,
        numbers=numbers,
        amount="120.00 USD",
        due="1 April",
        overdue=overdue,
        url="https://pay.example/pay/abc",
    )
    return letter(about, language)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("numbers", [("INV-7",), ("INV-7", "INV-8")], ids=["one", "several"])
def test_a_letter_names_the_invoice_the_amount_the_day_the_link_and_the_seller(
    language: str, numbers: tuple[str, ...]
) -> None:
    for overdue in (False, True):
        subject, body = text(language, *numbers, overdue=overdue)
        for said in (
            "120.00 USD",
            "1 April",
            "https://pay.example/pay/abc",
            "Walkabout Tools",
            ", ".join(numbers),
            "Pat",
        ):
            assert said in body
        assert ", ".join(numbers) in subject
        assert "{" not in subject + body


def test_letters_differ_by_language_and_fall_back_to_english() -> None:
    assert len({text(language, "INV-7") for language in LANGUAGES}) == len(LANGUAGES)
    assert text("xx", "INV-7") == text("en", "INV-7")
    assert text("en", "INV-7", name="")[1].startswith("Hello,")
