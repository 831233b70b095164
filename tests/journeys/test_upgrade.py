"""Identity comes from whole source ids alone: a new release over old data, ids within ids, and what was deleted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from connector.app.books import apply_plan, make_plan, reconcile_all, sync_all
from connector.app.house import Desk, House
from connector.app.keys import key_source
from connector.config import Config
from connector.model.source import ConnectionId, Kind, OpId, Ref
from connector.model.stamp import read_stamps, stamp_line
from connector.store import Store
from connector.store.schema import PACKAGED
from tests.accounts import ACCOUNTS
from tests.journeys.firm import Firm, nothing, open_firm
from tests.journeys.test_undo import people
from tests.unit.test_store_schema import NEXT

WORLD = f"""
company  Walkabout Tools  home USD  zone America/New_York  realm 9140006  stripe acct_upgrade
{ACCOUNTS}
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_up
customer  Acme Bakery & Co  email ap@co.example  in quickbooks and stripe as cus_up_1
2026-04-02  invoice  F-1  Acme Bakery  80.00 USD  due 2026-05-01
2026-04-02  invoice  F-11  Acme Bakery  80.00 USD  due 2026-05-01
2026-04-02  invoice  F-111  Acme Bakery & Co  80.00 USD  due 2026-05-01
2026-04-10  payment  ch_up_1  Acme Bakery  80.00 USD  by card  fee 2.62 USD  key F-11
2026-04-11  payment  ch_up_11  Acme Bakery & Co  80.00 USD  by card  fee 2.62 USD  key F-111
2026-04-12  payment  ch_up_111  Acme Bakery  80.00 USD  by card  fee 2.62 USD  key F-1
2026-04-14  payout  po_up_1  USD  of ch_up_1, ch_up_11, ch_up_111
"""
WRITTEN = ("Payment", "Purchase", "Transfer", "JournalEntry", "Deposit", "Invoice", "Customer")


class NextRelease(House):
    """The program of a release whose store has one more table and one more column."""

    def __init__(self, config: Config, revisions: Path) -> None:
        super().__init__(config)
        self.store.close()
        self.store = Store.open(config.database, self.clock, revisions=revisions)
        self.store.unlock(key_source(config))


@contextmanager
def upgraded(firm: Firm, folder: Path) -> Iterator[Desk]:
    revisions = folder / "revisions"
    shutil.copytree(PACKAGED, revisions, ignore=shutil.ignore_patterns("__pycache__"))
    (revisions / "versions" / "r0002_next.py").write_text(NEXT)
    with NextRelease(firm.config(), revisions) as house:
        yield house.company(None)


def objects(firm: Firm) -> dict[str, list[tuple[str, str]]]:
    """Every object of the books, with its version."""
    return {entity: [(each["Id"], each["SyncToken"]) for each in firm.books(entity)] for entity in WRITTEN}


@pytest.mark.req("F6")
def test_a_new_release_over_the_data_of_the_one_before_adds_nothing_and_ids_within_ids_stay_apart(
    tmp_path: Path,
) -> None:
    with open_firm(tmp_path, WORLD) as firm:
        firm.connect_quickly()
        with firm.desk() as desk:
            made = make_plan(desk)
            done = apply_plan(desk, made, nothing, nothing)
            assert (len(done.posted.done), done.stale) == (7, ())
        paid = {
            each["PrivateNote"].rpartition("/")[2]: each["Line"][0]["LinkedTxn"][0]["TxnId"]
            for each in firm.marked("Payment", "PrivateNote")
        }
        number = {each["Id"]: each["DocNumber"] for each in firm.books("Invoice")}
        assert {at: number[target] for at, target in paid.items()} == {
            "ch_up_1": "F-11",
            "ch_up_11": "F-111",
            "ch_up_111": "F-1",
        }
        people(firm, lambda office: office.invoice(office.find("Customer", "Acme Bakery"), "10.00", "F-9"))
        firm.sync_quickly()
        gone = firm.invoice("F-9")["Id"]
        people(firm, lambda office: office.delete("Invoice", gone))
        firm.sync_quickly()
        before = objects(firm)
        with upgraded(firm, tmp_path) as desk:
            for again in (False, True):
                sync_all(desk, nothing, again=again)
                reconcile_all(desk)
                assert make_plan(desk).lines == ()
                assert apply_plan(desk, made, nothing, nothing).posted.done == []
            tombstone = Ref(ConnectionId("quickbooks"), Kind.INVOICE, gone)
            seen = desk.snapshot()
            assert tombstone in seen.gone
            assert tombstone not in seen.invoices
            assert desk.store.verify(desk.id) == ()
        assert objects(firm) == before


@pytest.mark.parametrize("vendor_id", ["CHK 88", "CHK 88 b", "100% paid", "a\u00a0b", "%20", "x/y z", "plain"])
def test_an_id_with_blanks_is_read_back_whole_from_our_mark(vendor_id: str) -> None:
    about = Ref(ConnectionId("bank"), Kind.PAYMENT, vendor_id)
    line = stamp_line(OpId("A" * 20), about)
    assert [stamp.about for stamp in read_stamps(f"what a person wrote\n{line} and more")] == [about]
