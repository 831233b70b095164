"""A simulated merchant's money on its way to the bank, and what else moves a balance.

Dollars, euros and pounds are paid out every day by the schedule; yen only by hand.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import cycle

from adapters.stripe.standin import entries, payouts
from adapters.stripe.standin.diary import Diary
from adapters.stripe.standin.moves import DAY_SECONDS
from adapters.stripe.standin.shapes import Document

SCHEDULED = ("usd", "eur", "gbp")
BY_HAND = "jpy"
_HOUR = 3600
_AT = 18 * _HOUR
_LINE_DAYS = 5


class Treasury:
    """Payouts and the balance's other lines."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._ledger, self._truth, self._chance = diary.ledger, diary.truth, diary.chance
        lines = (self._fee, self._adjust, self._hold, self._top_up, self._overdraw)
        names = ("fee", "adjustment", "reserve held", "topup", "overdraft")
        self._lines = cycle(zip(names, lines, strict=True))
        self._codes = cycle(SCHEDULED)

    def keep_the_schedule(self) -> None:
        """Plan the first of everything that comes again and again."""
        to_evening = (_AT - self._ledger.now()) % DAY_SECONDS
        for place, code in enumerate(SCHEDULED):
            self._diary.later(to_evening + place, "payday", partial(self._payday, code))
        self._diary.later(to_evening + 5 * DAY_SECONDS, "manual payout", self._by_hand)
        self._diary.later(to_evening + 9 * DAY_SECONDS - _HOUR, "instant payout", self._at_once)
        self._plan_line()

    def _payday(self, code: str) -> str:
        """What the schedule pays out today. Always about something, so that the day's look is counted."""
        self._diary.later(DAY_SECONDS, "payday", partial(self._payday, code))
        taken = self._truth.available(code, self._ledger.now())
        payout = payouts.scheduled(self._ledger, code)
        if payout is None:
            return code
        amount = self._truth.paid_out(payout["id"], code, taken)
        self._truth.members[payout["id"]] = frozenset(taken)
        self._diary.did("payout" if amount > 0 else "negative payout", payout["id"])
        self._diary.later(6 * _HOUR, "payout reconciled", partial(self._told, payouts.reconciled, payout))
        self._diary.later(20 * _HOUR, "payout arrives", partial(self._told, payouts.arrive, payout))
        if self._diary.happens(2 if len(self._truth.payouts) % 40 else 100):
            self._diary.later(20 * _HOUR + self._diary.days(1, 5), "payout fails", partial(self._fail, payout))
        return code

    def _told(self, act: Callable[..., None], payout: Document) -> str:
        act(self._ledger, payout)
        return str(payout["id"])

    def _fail(self, payout: Document) -> str:
        txn_id = payouts.fail(self._ledger, payout)
        self._back(payout, txn_id)
        return str(payout["id"])

    def _back(self, payout: Document, txn_id: str) -> None:
        amount = self._truth.payouts[payout["id"]]
        self._truth.moved(payout["currency"], txn_id, amount, self._ledger.now())

    def _by_hand(self) -> str:
        """Once a week the merchant pays out some of the yen; now and then they stop it or take it back."""
        self._diary.later(7 * DAY_SECONDS, "manual payout", self._by_hand)
        available = sum(self._truth.available(BY_HAND, self._ledger.now()).values())
        if available <= 1:
            return ""
        amount = self._chance.randint(available // 2, available - 1)
        payout = payouts.by_hand(self._ledger, BY_HAND, amount)
        self._truth.payouts[payout["id"]] = amount
        self._truth.moved(BY_HAND, f"txn_{payout['id']}", -amount, self._ledger.now())
        match sum(1 for one in self._truth.payouts if one not in self._truth.members) % 6:
            case 2:
                self._diary.later(2 * _HOUR, "payout canceled", partial(self._cancel, payout))
            case 4:
                self._diary.later(20 * _HOUR, "payout arrives", partial(self._told, payouts.arrive, payout))
                self._diary.later(3 * DAY_SECONDS, "payout reversed", partial(self._reverse, payout))
            case _:
                self._diary.later(20 * _HOUR, "payout arrives", partial(self._told, payouts.arrive, payout))
        return str(payout["id"])

    def _cancel(self, payout: Document) -> str:
        self._back(payout, payouts.cancel(self._ledger, payout))
        return str(payout["id"])

    def _reverse(self, payout: Document) -> str:
        back = payouts.reverse(self._ledger, payout)
        self._truth.payouts[back["id"]] = -self._truth.payouts[payout["id"]]
        self._back(payout, f"txn_{back['id']}")
        return str(back["id"])

    def _at_once(self) -> str:
        """Once a month the merchant takes everything there is in one currency, an hour before the schedule would."""
        self._diary.later(28 * DAY_SECONDS, "instant payout", self._at_once)
        code = next(self._codes)
        taken = self._truth.available(code, self._ledger.now())
        if sum(taken.values()) <= 0:
            return ""
        payout = payouts.by_hand(self._ledger, code, instant=True)
        self._truth.paid_out(payout["id"], code, taken)
        self._diary.later(_HOUR, "payout arrives", partial(self._told, payouts.arrive, payout))
        return str(payout["id"])

    # ---- lines without a payment

    def _plan_line(self) -> None:
        name, act = next(self._lines)
        self._diary.later(self._diary.days(_LINE_DAYS - 2, _LINE_DAYS), name, partial(self._line, act))

    def _line(self, act: Callable[[], str]) -> str:
        about = act()
        self._plan_line()
        return about

    def _enter(self, what: str, amount: int, code: str) -> str:
        txn_id = entries.enter(self._ledger, what, amount, code)
        days = DAY_SECONDS if what == "topup" else 0
        self._truth.moved(code, txn_id, amount, self._ledger.now() + days)
        return txn_id

    def _fee(self) -> str:
        return self._enter("fee", -self._chance.randint(100, 9_000), self._chance.choice((*SCHEDULED, BY_HAND)))

    def _adjust(self) -> str:
        amount = self._chance.choice((-1, 1)) * self._chance.randint(1, 5_000)
        return self._enter("adjustment", amount, self._chance.choice(SCHEDULED))

    def _hold(self) -> str:
        """Stripe keeps some money back for a while."""
        code, amount = self._chance.choice(SCHEDULED), self._chance.randint(1_000, 50_000)
        held = self._enter("reserve", -amount, code)
        self._diary.later(10 * DAY_SECONDS, "reserve released", partial(self._enter, "reserve", amount, code))
        return held

    def _top_up(self) -> str:
        return self._enter("topup", self._chance.randint(10_000, 90_000), "usd")

    def _overdraw(self) -> str:
        """A correction so large that the next payout must take money from the bank."""
        code = next(self._codes)
        due = sum(net for net, _ in self._truth.waiting.get(code, {}).values())
        return self._enter("adjustment", -max(due, 0) - self._chance.randint(1_000, 9_000), code)
