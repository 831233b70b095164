"""The seller's colour on the pay page: taken as it is where white letters can be read on it, refused where not."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from connector.errors import SettingsError
from connector.web.sheets import sheets, source_of

CONTRAST_MIN = Decimal("4.5")
"""What WCAG 2.2 asks of text (1.4.3)."""

_WEIGHTS = (Decimal("0.2126"), Decimal("0.7152"), Decimal("0.0722"))
_FLARE = Decimal("0.05")
_DARKER = (4, 5)
"""A button that is pointed at has four fifths of its light."""


def contrast_with_white(colour: str) -> Decimal:
    """How far #rrggbb stands from white, from 1 to 21, by WCAG's formula."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    light = sum((weight * _linear(part) for weight, part in zip(_WEIGHTS, parts, strict=True)), Decimal(0))
    return (1 + _FLARE) / (light + _FLARE)


def _linear(part: int) -> Decimal:
    share = Decimal(part) / 255
    if share <= Decimal("0.04045"):
        return share / Decimal("12.92")
    return ((share + Decimal("0.055")) / Decimal("1.055")) ** Decimal("2.4")


def check_colour(colour: str) -> None:
    """SettingsError when white letters could not be read on it."""
    contrast = contrast_with_white(colour)
    if contrast < CONTRAST_MIN:
        raise SettingsError(
            f"White letters can hardly be read on the colour {colour}: their contrast is {contrast:.1f}.",
            next_step=f"Choose a darker one for [seller]; it must be at least {CONTRAST_MIN}.",
        )


@cache
def style(colour: str) -> str:
    """The pay page's style sheet in that colour."""
    parts = [int(colour[at : at + 2], 16) * _DARKER[0] // _DARKER[1] for at in (1, 3, 5)]
    darker = "#" + "".join(f"{part:02x}" for part in parts)
    return sheets().get_template("payer.css").render(colour=colour, darker=darker)


@cache
def style_source(colour: str) -> str:
    """The Content-Security-Policy source that admits exactly that style sheet."""
    return source_of(style(colour))
