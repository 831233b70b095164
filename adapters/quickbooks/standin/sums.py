"""What accounts hold and customers owe, kept up record by record: a change costs one record, never the whole books."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from connector.money import Currency, Money, zero

Key = tuple[str, str]
"""An entity and an id."""


class RunningSums:
    """Sums by account or customer. What was stirred is counted anew when somebody asks.

    `parts` says what a record adds to which name now; nothing for a record that is gone.
    """

    def __init__(self, parts: Callable[[Key], Iterable[tuple[str, Money]]]) -> None:
        self._parts = parts
        self._counted: dict[Key, tuple[tuple[str, Money], ...]] = {}
        self._stirred: set[Key] = set()
        self._held: dict[str, Money] = {}

    def open(self, name: str, code: Currency) -> None:
        """From now on there is a sum of that name."""
        self._held.setdefault(name, zero(code))

    def stir(self, key: Key) -> None:
        """That record may have changed."""
        self._stirred.add(key)

    def stir_of(self, names: Container[str]) -> None:
        """Records whose first part goes to one of these names count for other names from now on."""
        self._stirred.update(key for key, parts in self._counted.items() if parts[0][0] in names)

    def held(self) -> dict[str, Money]:
        """Every sum as it stands."""
        stirred, self._stirred = self._stirred, set()
        for key in stirred:
            for name, money in self._counted.pop(key, ()):
                self._held[name] -= money
            counted = tuple(self._parts(key))
            if counted:
                self._counted[key] = counted
            for name, money in counted:
                self._held[name] += money
        return self._held
