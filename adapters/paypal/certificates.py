"""Whose signature a webhook bears: the certificate it names is fetched from PayPal's own hosts only, and must lead to a
public root.

Fetching whatever a header names would let anybody send us anywhere, and sign with a key of his own. So the address is
held to one form, no redirect is followed, and what comes is bounded, in date, in PayPal's name, and of a known root.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
import warnings
from functools import lru_cache
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import DNSName
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from adapters.paypal import wire
from adapters.paypal.settings import Settings
from connector.dates import Instant
from connector.errors import VendorError
from connector.transport import VendorSession

PATH = re.compile(r"/v1/notifications/certs/[A-Za-z0-9._-]{1,200}")
BYTES_MAX = 64 * 1024
KEPT_MAX = 16
_SECONDS = 5.0


def is_signed(message: bytes, signature: str, address: str, settings: Settings, now: Instant) -> bool:
    """Whether that signature over the message was made with the key of the certificate at the address, and that is
    PayPal's. Never raises."""
    if not is_allowed(address, settings):
        return False
    try:
        key = _key(_fetched(address), settings, now)
        key.verify(base64.b64decode(signature, validate=True), message, padding.PKCS1v15(), hashes.SHA256())
    except (VendorError, VerificationError, InvalidSignature, ValueError, binascii.Error, OSError):
        return False
    return True


def is_allowed(address: str, settings: Settings) -> bool:
    """Whether a certificate may be fetched from there: nothing but a host of the environment, and its one path."""
    try:
        parts = urlsplit(address)
        hidden = parts.username or parts.password or parts.query or parts.fragment
        host_ok = parts.netloc in settings.certificate_hosts
    except ValueError:
        return False
    scheme_ok = parts.scheme == "https" or (settings.is_here and parts.scheme == "http")
    clean = address == f"{parts.scheme}://{parts.netloc}{parts.path}"
    return host_ok and scheme_ok and not hidden and clean and PATH.fullmatch(parts.path) is not None


@lru_cache(maxsize=KEPT_MAX)
def _fetched(address: str) -> bytes:
    """The certificates there. Errors: VendorError, ValueError."""
    session = VendorSession(wire.SYSTEM, connect_seconds=_SECONDS, read_seconds=_SECONDS)
    with session.get(address, stream=True) as answer:
        if answer.status_code != 200:  # noqa: PLR2004 - anything else is no certificate
            raise ValueError("no certificate")
        body: bytes = answer.raw.read(BYTES_MAX + 1, decode_content=True)
    if len(body) > BYTES_MAX:
        raise ValueError("too large for a certificate")
    return body


def _key(pem: bytes, settings: Settings, now: Instant) -> rsa.RSAPublicKey:
    """The key of a certificate that is good now. Errors: VerificationError, ValueError."""
    leaf, *between = x509.load_pem_x509_certificates(pem)
    verifier = PolicyBuilder().store(_roots(settings.webhook_roots)).time(now.replace(tzinfo=None))
    verifier.build_server_verifier(DNSName(settings.signer)).verify(leaf, between)
    key = leaf.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("not the kind of key that PayPal signs with")  # noqa: TRY004 - it is the vendor's value
    return key


@lru_cache(maxsize=2)
def _roots(own: str) -> Store:
    """The roots that are trusted on this computer; those of the stand-in where they are given. Errors: ValueError."""
    if own:
        return Store(x509.load_pem_x509_certificates(own.encode()))
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    return Store([found for each in known if (found := _root(each)) is not None])


def _root(der: bytes) -> x509.Certificate | None:
    """A root of this computer; None for one of an odd old make, which PayPal does not use."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return x509.load_der_x509_certificate(der)
        except (ValueError, Warning):
            return None
