"""Pages as answers: a template, its style by its hash, and a policy that admits nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi.responses import HTMLResponse
from markupsafe import Markup

from connector.app.selling import Seller
from connector.web import brand
from connector.web.faces import Face
from connector.web.payer import Reader
from connector.web.sheets import sheets, style_source
from connector.web.tongues import Tongue, tongue_names

STYLE = "pay.css"


def policy(style: str, *, form_action: str = "'none'", script: bool = False) -> str:
    """A page's policy: one style sheet, pictures and scripts of our own, no frame, forms only to there."""
    scripts = "script-src 'self'; connect-src 'self'; " if script else ""
    return (
        f"default-src 'none'; style-src {style}; img-src 'self' data:; {scripts}base-uri 'none'; "
        f"form-action {form_action}; frame-ancestors 'none'"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What every page of a link has around it. `chosen` is the language in the address, "" for none; `show` what of
    the link is shown."""

    reader: Reader
    chosen: str
    show: str = ""

    @property
    def tongue(self) -> Tongue:
        return self.reader.tongue

    @property
    def seller(self) -> Seller:
        return self.reader.seller

    @property
    def style(self) -> Markup:
        """The style sheet as it stands in the page; it is ours, and holds nobody's text."""
        return Markup(brand.style(self.seller.colour))  # noqa: S704 - a template of ours and a checked colour

    @property
    def tongues(self) -> tuple[tuple[str, str], ...]:
        return tongue_names()

    def at(self, show: str, nth: int = 0) -> str:
        """The address of another page of the same link, relative, so that the secret stands in no page. `nth`: of
        which of its invoices, from 1; 0 for the first or only one."""
        return _query(self.chosen, show, str(nth) if nth else "")

    def in_tongue(self, code: str) -> str:
        """The same page in another language."""
        return _query(code, self.show)


def _query(language: str, show: str, nth: str = "") -> str:
    given = {name: value for name, value in (("lang", language), ("show", show), ("nth", nth)) if value}
    return f"?{urlencode(given)}"


def drawn(
    template: str, around: Around, *, status: int = 200, form_action: str = "'self'", **shown: Any
) -> HTMLResponse:
    """A page of a link. `shown` is what its template names."""
    said = around.tongue.said
    text = sheets().get_template(template).render(around=around, said=said, **{"poll": "", **shown})
    style = brand.style_source(around.seller.colour)
    headers = {
        "Content-Security-Policy": policy(style, form_action=form_action, script=True),
        "Content-Language": around.tongue.code,
    }
    return HTMLResponse(text, status_code=status, headers=headers)


def neutral(face: Face, retry_after_seconds: int = 0) -> HTMLResponse:
    """A page that belongs to nobody's link."""
    text = sheets().get_template("pay.html").render(face=face)
    headers = {"Content-Security-Policy": policy(style_source(STYLE))}
    if retry_after_seconds:
        headers["Retry-After"] = str(retry_after_seconds)
    return HTMLResponse(text, status_code=face.status, headers=headers)
