"""How firms number their documents."""

from __future__ import annotations

from dataclasses import dataclass

_FULL_YEAR, _SHORT_YEAR = 4, 2


@dataclass(frozen=True, slots=True)
class Shape:
    """`prefix`, the year in so many digits and its sign, the running number padded to `width`, from `first` on."""

    prefix: str = ""
    width: int = 0
    first: int = 1
    year: int = 0
    sign: str = ""

    def number(self, index: int, year: int) -> str:
        """The document number."""
        return f"{self.lead(year)}{index:0{self.width}d}"

    def lead(self, year: int) -> str:
        """What stands before the running number."""
        part = str(year) if self.year == _FULL_YEAR else f"{year % 100:02}" if self.year == _SHORT_YEAR else ""
        return f"{self.prefix}{part}{self.sign}"


SHAPES = (
    Shape("INV-", 5, 100),
    Shape("", 6, 40),
    Shape("R", 7, 300),
    Shape("", 4, 1, year=4, sign="-"),
    Shape("SI/", 6, 2_000),
    Shape("", 5, 10_400),
    Shape("A-", 4, 1),
    Shape("", 0, 1),
    Shape("RE", 5, 1, year=4, sign="/"),
    Shape("INV-", 4, 800, year=2, sign="-"),
    Shape("#", 0, 1_001),
)
DESK_SHAPES = (Shape("", 10, 6_113_650_000), Shape("", 10, 7_900_770_000), Shape("", 10, 9_231_909_000))
LONG_SHAPES = (
    Shape("", 10, 1_930_438_400),
    Shape("", 10, 1_900_004_000),
    Shape("", 10, 90_001_500),
    Shape("DE01-", 12, 400_120_000),
    Shape("", 16, 5_100_000_040_000_000),
    Shape("SINV", 8, 2_000_000, year=4),
)
