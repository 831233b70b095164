"""The report of a past period as one page, with nothing to load and nothing to run, that can be forwarded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.web.sheets import sheets, style_source

if TYPE_CHECKING:
    from connector.app.shadow import Looked
    from connector.dates import Instant

STYLE = "page.css"


def render(looked: Looked, read_at: Instant | None) -> str:
    """The page. `read_at` is how old what it shows is."""
    found = looked.shadow
    return (
        sheets()
        .get_template("shadow.html")
        .render(
            company=looked.company,
            found=found,
            unset=looked.unset,
            read_at=f"{read_at:%Y-%m-%d %H:%M} UTC" if read_at is not None else "",
            style_source=style_source(STYLE),
        )
    )
