"""What was seen while reading is kept until it is put right or a person dismisses it; a half-read mirror says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from connector.errors import StoreError, UnknownRecord, Unreachable
from connector.model.finding import Finding, FindingCode
from connector.model.mirror import Mirrored
from connector.model.source import Ref
from connector.money import Money
from connector.ports import Page
from connector.store import Author, Store
from connector.sync import sync
from tests.clocks import FakeClock
from tests.unit.store_ground import ACME, ANN, STRIPE, USD, gone, page, ready, ref, save, seen, statements

AUTHOR = Author(ACME, ANN)
DOLLAR = Money(100, USD)


@pytest.fixture
def store(address: str, clock: FakeClock) -> Iterator[Store]:
    with ready(address, clock) as made:
        yield made


def strange(*refs: Ref, what: str = "a status", amount: Money | None = DOLLAR) -> Finding:
    """Something that a page says of records, or (without any) of the reading as such."""
    return Finding(
        code=FindingCode.UNKNOWN_VALUE, sentence=f"It has {what}.", next_step="Look at it.", refs=refs, amount=amount
    )


class Vendor:
    """A system of one stream, whose pages are written beforehand; None stands for one that cannot be read."""

    def __init__(self, *pages: Page | None) -> None:
        self._pages = pages

    def streams(self) -> tuple[str, ...]:
        return ("books",)

    def pull(self, stream: str, cursor: str | None) -> Page:
        assert stream == "books"
        found = self._pages[int(cursor or 0)]
        if found is None:
            raise Unreachable("It cannot be reached.")
        return found


def lot(*records: Mirrored, after: int | None = None, says: Sequence[Finding] = ()) -> Page:
    """A page; `after` is the number of the next one, None for the last, which is asked for again."""
    return Page(records=records, cursor=str(after or 0), more=after is not None, findings=tuple(says))


def read(store: Store, *pages: Page | None) -> None:
    sync(store, Vendor(*pages), STRIPE, AUTHOR, lambda *_: None)


def standing(store: Store) -> list[str]:
    return [each.finding.sentence for each in store.notices(ACME)]


def test_what_a_page_says_is_kept_with_when_it_was_first_and_last_seen(store: Store, clock: FakeClock) -> None:
    first = clock.now()
    read(store, lot(seen(1), says=[strange(ref(1))]))
    clock.pass_seconds(60)
    read(store, lot(seen(1), says=[strange(ref(1))]))
    (notice,) = store.notices(ACME)
    assert notice.finding == strange(ref(1))
    assert (notice.first_at, notice.last_at, notice.connection) == (first, clock.now(), STRIPE)
    assert store.verify(ACME) == ()


def test_what_was_seen_before_an_interruption_is_not_forgotten(store: Store) -> None:
    with pytest.raises(Unreachable):
        read(store, lot(seen(1), says=[strange(ref(1))], after=1), None)
    assert standing(store) == ["It has a status."]


def test_it_goes_when_the_record_comes_without_it_and_not_before(store: Store) -> None:
    read(store, lot(seen(1), seen(2), says=[strange(ref(1))]))
    read(store, lot(seen(2, 50)))
    assert standing(store) == ["It has a status."]
    read(store, lot(seen(1, 50)))
    assert standing(store) == []


def test_it_goes_when_the_record_is_gone(store: Store) -> None:
    read(store, lot(seen(1), says=[strange(ref(1))]))
    read(store, lot(gone(1)))
    assert standing(store) == []


def test_it_goes_when_the_record_was_looked_at_singly_and_is_right_now(store: Store) -> None:
    read(store, lot(seen(1), says=[strange(ref(1))]))
    store.save_pages(AUTHOR, STRIPE, None, [page(seen(1, 50))])
    assert standing(store) == []


def test_another_word_about_the_same_record_takes_the_place_of_the_first(store: Store) -> None:
    read(store, lot(seen(1), says=[strange(ref(1))]))
    read(store, lot(seen(1, 50), says=[strange(ref(1), what="a type")]))
    assert standing(store) == ["It has a type."]


def test_what_one_page_of_a_run_says_the_next_page_may_put_right(store: Store) -> None:
    many = [seen(number) for number in range(10, 1010)]
    read(store, lot(*many, seen(1), says=[strange(ref(1))], after=1), lot(seen(1, 50)))
    assert standing(store) == []


def test_what_is_about_no_record_stays_until_a_person_dismisses_it(store: Store) -> None:
    read(store, lot(seen(1), says=[strange()]))
    read(store, lot(seen(1, 50)))
    (notice,) = store.notices(ACME)
    assert store.dismiss(ACME, notice.number, ANN).finding == strange()
    assert standing(store) == []
    with pytest.raises(UnknownRecord):
        store.dismiss(ACME, notice.number, ANN)


def test_what_was_dismissed_stays_so_while_it_is_true_and_is_news_when_it_comes_back(store: Store) -> None:
    said = [strange(ref(1))]
    read(store, lot(seen(1), says=said))
    store.dismiss(ACME, store.notices(ACME)[0].number, ANN)
    read(store, lot(seen(1, 50), says=said))
    assert standing(store) == []
    read(store, lot(seen(1, 40)))
    read(store, lot(seen(1, 30), says=said))
    assert standing(store) == ["It has a status."]


def test_what_is_about_no_record_and_happens_again_is_shown_again(store: Store) -> None:
    read(store, lot(says=[strange()]))
    store.dismiss(ACME, store.notices(ACME)[0].number, ANN)
    read(store, lot(says=[strange()]))
    assert standing(store) == ["It has a status."]


def test_no_number_is_ever_given_twice(store: Store) -> None:
    numbers = []
    for round_ in range(3):
        read(store, lot(seen(1, 10 + round_), says=[strange(ref(1)), strange(what=f"{round_}")]))
        numbers += [each.number for each in store.notices(ACME)]
        for each in store.notices(ACME):
            store.dismiss(ACME, each.number, ANN)
        read(store, lot(seen(1, 20 + round_)))
    assert len(numbers) == len(set(numbers)) == 6


def test_the_journal_tells_when_it_came_went_and_was_dismissed_and_by_whom(store: Store) -> None:
    read(store, lot(seen(1), says=[strange(ref(1)), strange(what="a gap")]))
    about, gap = store.notices(ACME)
    read(store, lot(seen(1, 50)))
    store.dismiss(ACME, gap.number, ANN)
    told = [(each.seq, each.kind, each.actor) for each in store.journal(ACME) if each.kind not in ("page", "company")]
    assert [one for one in told if one[1] == "noticed"] == [(n, "noticed", ANN) for n in (about.number, gap.number)]
    assert [one[1:] for one in told[-2:]] == [("notice-gone", ANN), ("dismissed", ANN)]


def test_a_field_that_is_new_to_us_needs_nobody_and_money_of_an_unknown_kind_does(store: Store) -> None:
    read(store, lot(says=[strange(what="a field", amount=None), strange(), fault()]))
    assert [each.needs_a_person for each in store.notices(ACME)] == [False, True, True]


def test_pages_without_anything_to_say_cost_no_statement_while_nothing_stands_about_their_records(store: Store) -> None:
    save(store, page(seen(1)))
    read(store, lot(seen(1), says=[strange(ref(1))]))
    noticed = store.noticed(ACME, STRIPE)
    assert noticed == {ref(1)}
    with statements(store) as heard:
        store.save_kinds(AUTHOR, STRIPE, "books", [page(seen(2))], noticed)
    assert len(heard) <= 6, heard


def fault(sentence: str = "It could not be read.") -> Finding:
    return Finding(code=FindingCode.READ_FAILED, sentence=sentence, next_step="Wait.", refs=())


def test_a_reading_that_failed_is_told_until_one_goes_well(store: Store) -> None:
    store.note_fault(AUTHOR, STRIPE, fault())
    store.note_fault(AUTHOR, STRIPE, fault("It did not let us in."))
    assert standing(store) == ["It did not let us in."]
    read(store, lot(seen(1)))
    assert standing(store) == ["It did not let us in."], "pages do not say that the whole went well"
    before = store.head(ACME)
    store.note_fault(AUTHOR, STRIPE, None)
    store.note_fault(AUTHOR, STRIPE, None)
    assert standing(store) == []
    assert store.head(ACME)[0] == before[0] + 1


def test_a_stream_is_whole_when_its_last_page_was_stored_and_not_before(store: Store, clock: FakeClock) -> None:
    with pytest.raises(Unreachable):
        read(store, lot(seen(1), after=1), None)
    assert store.freshness(ACME) == {(STRIPE, "books"): None}
    clock.pass_seconds(60)
    read(store, lot(seen(1), after=1), replace(lot(seen(2)), cursor="2"), lot(seen(3), after=3), None)
    whole = clock.now()
    assert store.freshness(ACME) == {(STRIPE, "books"): whole}
    clock.pass_seconds(60)
    with pytest.raises(Unreachable):
        read(store, lot(), lot(), lot(seen(3), after=3), None)
    assert store.freshness(ACME) == {(STRIPE, "books"): whole}, "what was whole is as old as that"


def test_streams_that_were_not_begun_are_not_whole_and_those_that_are_no_more_do_not_count(store: Store) -> None:
    store.begin_reading(ACME, STRIPE, ("first", "second"))
    assert store.freshness(ACME) == {(STRIPE, "first"): None, (STRIPE, "second"): None}
    assert store.cursor(ACME, STRIPE, "first") is None
    store.save_pages(AUTHOR, STRIPE, "second", [page(seen(1))])
    at = store.freshness(ACME)[STRIPE, "second"]
    store.begin_reading(ACME, STRIPE, ("second", "third"))
    assert store.freshness(ACME) == {(STRIPE, "second"): at, (STRIPE, "third"): None}


def test_what_cannot_be_stored_keeps_no_notice_of_it(store: Store) -> None:
    foreign = replace(seen(1), ref=Ref(ref(1).connection, ref(1).kind, "a\0b"))
    with pytest.raises(StoreError):
        read(store, lot(foreign, says=[strange()]))
    assert standing(store) == []
