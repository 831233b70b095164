"""What Stripe remembers of a write by its key: for a day, the first answer, whatever it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from adapters.stripe.standin.refusals import Refusal
from connector.testing.standin import Answer

KEY_CHARACTERS_MAX = 255
KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    request: tuple[str, Mapping[str, Any]]
    answer: Answer
    at: int


class Memory:
    """The keys of one account."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def answer(
        self, key: str, request: tuple[str, Mapping[str, Any]], now: int, work: Callable[[], tuple[Answer, bool]]
    ) -> Answer:
        """The first answer under that key, or what `work` answers now; its second word says whether to keep it.

        Refusal when the key is too long, or was first used for another request (path and parameters).
        """
        if len(key) > KEY_CHARACTERS_MAX:
            raise Refusal(f"Idempotency keys can be at most {KEY_CHARACTERS_MAX} characters.")
        kept = self._kept.get(key)
        if kept is not None and now - kept.at <= KEPT_SECONDS:
            if kept.request != request:
                message = "Keys for idempotent requests can only be used with the same parameters they were first used"
                words = f"{message} with. Try using a key other than '{key}' if you meant to execute a different"
                raise Refusal(f"{words} request.", kind="idempotency_error")
            return replace(kept.answer, headers={**kept.answer.headers, "Idempotent-Replayed": "true"})
        answer, keep = work()  # the request that holds the key meanwhile is seen by `conduct`
        answer = replace(answer, headers={**answer.headers, "Idempotency-Key": key})
        if keep:
            self.keep(key, request, answer, now)
        return answer

    def keep(self, key: str, request: tuple[str, Mapping[str, Any]], answer: Answer, now: int) -> None:
        """From now this is what the key hears, whatever it heard before."""
        self._kept[key] = _Kept(request=request, answer=answer, at=now)
