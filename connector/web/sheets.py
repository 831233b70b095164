"""The templates beside this file, and the one style sheet each page is allowed to use."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from connector.money import grouped
from connector.web import words


@cache
def sheets() -> Environment:
    """Every value a template shows is escaped; a name that is not given is an error, never an empty place."""
    made = Environment(
        loader=PackageLoader("connector.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        plainly=words.plainly,
        money=grouped,
        day=words.day,
        moment=words.moment,
        counted=words.counted,
        opening=words.opening,
    )
    return made


@cache
def style_source(sheet: str) -> str:
    """The Content-Security-Policy source that admits exactly this style sheet."""
    return source_of(sheets().get_template(sheet).render())


def source_of(style: str) -> str:
    """The same for a style sheet's text: its hash."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode('ascii')}'"
