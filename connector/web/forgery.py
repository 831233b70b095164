"""That a form was sent from our own page: what the page said, signed, and a cookie that only our pages set.

The signature binds the two together, to one link, and to an hour; so a page elsewhere can neither make nor borrow one.
"""

from __future__ import annotations

import secrets

from itsdangerous import BadSignature, URLSafeTimedSerializer

COOKIE = "receivables"
COOKIE_SECURE = "__Host-receivables"
"""Where there is TLS: a browser takes a cookie of that name from this very host alone."""

FORM_FIELD = "form"
LIFE_SECONDS = 12 * 3600
NONCE_BYTES = 16
_NONCE_MAX = 64


def new_nonce() -> str:
    """What a browser's cookie holds: nothing but chance."""
    return secrets.token_urlsafe(NONCE_BYTES)


def usable(nonce: str | None) -> bool:
    """Whether a cookie could be one of ours."""
    return nonce is not None and NONCE_BYTES <= len(nonce) <= _NONCE_MAX and nonce.isascii()


def sign(key: bytes, link_id: str, nonce: str) -> str:
    """What a form carries."""
    return str(_signer(key, link_id).dumps(nonce))


def fits(key: bytes, link_id: str, nonce: str | None, signed: str) -> bool:
    """Whether that form was shown to that browser, for that link, not long ago."""
    if not usable(nonce):
        return False
    try:
        shown_to = _signer(key, link_id).loads(signed, max_age=LIFE_SECONDS)
    except BadSignature:
        return False
    return isinstance(shown_to, str) and secrets.compare_digest(shown_to, nonce or "")


def _signer(key: bytes, link_id: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(key, salt=f"receivables form {link_id}")
