"""Two things said by one command, of which the second is refused: the first stands, and is told."""

from __future__ import annotations

from pathlib import Path

from tests.accounts import ACCOUNTS
from tests.journeys.firm import open_firm

WORLD = f"""
company  Walkabout Tools  home USD  zone America/New_York  country US  realm 9140079  stripe acct_part
{ACCOUNTS}
customer  Acme Bakery  email ap@acme.example  in quickbooks and stripe as cus_part_acme
2026-03-02  invoice  H-1001  Acme Bakery  120.00 USD  due 2026-04-01
2026-03-17  payment  ch_part_1  Acme Bakery  119.50 USD  by card  fee 2.33 USD  memo "Invoice H-1001"
"""


def test_what_was_noted_before_a_refusal_is_told_to_people_and_to_programs(tmp_path: Path) -> None:
    with open_firm(tmp_path, WORLD) as firm:
        firm.connect_quickly()
        given = firm.run("review", "allocate", "ch_part_1", "H-1001=119.50", "--write-off")
        assert (given.code, given.out.splitlines()) == (
            2,
            ["Decided by dana: ch_part_1 gives 119.50 USD to H-1001. To write it: receivables plan"],
        )
        assert "Nothing in USD is written off in this company." in given.err
        why = firm.run("review", "short", "ch_part_1", "rounding", "--write-off", "--json")
        assert (why.code, [each["kind"] for each in why.json]) == (2, ["short"])
        assert "Nothing in USD is written off in this company." in why.err
        firm.do("rules", "--write-off-account", "Stripe Fees", "--write-off-max", "1.00 USD", "--yes")
        both = firm.do("review", "short", "ch_part_1", "rounding", "--write-off")
        assert [each.partition(":")[2] for each in both.out.splitlines()] == [
            " ch_part_1: rounding. 0.50 USD of H-1001 stays open.",
            " ch_part_1: 0.50 USD of H-1001 is written off. A plan writes it, once the payment stands in the books.",
        ]
