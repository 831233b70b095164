"""What the double's webhooks are signed with: a root, a certificate of the name PayPal uses, and forged deliveries.

Made when first asked for, because making keys takes a moment. The scheme is PayPal's: RSA and SHA-256 over
`transmission id|time|webhook id|CRC32 of the body`, the last one being no protection of the body at all.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from adapters.paypal.settings import SIGNERS
from connector.clock import Clock
from connector.testing.standin import Answer

CERTIFICATES = "/v1/notifications/certs/"
NAME = "CERT-360caa42-fca2a594-1d93a270"
_DAYS = timedelta(days=30)
_BITS = 2048


class Notary:
    """The keys of the double."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._made: tuple[rsa.RSAPrivateKey, bytes, bytes] | None = None

    @property
    def root(self) -> str:
        """The root certificate, as text."""
        return self._keys()[2].decode()

    def shown(self, path: str) -> Answer:
        """The certificate at its address."""
        if path != CERTIFICATES + NAME:
            return Answer(status=404)
        return Answer(body=self._keys()[1], content_type="application/x-pem-file")

    def sign(self, body: bytes, webhook_id: str, url: str, *, transmission: str = "t-1") -> dict[str, str]:
        """The headers of a delivery of that body, with lower-case names."""
        at = self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        message = f"{transmission}|{at}|{webhook_id}|{zlib.crc32(body)}".encode()
        signature = self._keys()[0].sign(message, padding.PKCS1v15(), hashes.SHA256())
        return {
            "paypal-transmission-id": transmission,
            "paypal-transmission-time": at,
            "paypal-transmission-sig": base64.b64encode(signature).decode(),
            "paypal-auth-algo": "SHA256withRSA",
            "paypal-cert-url": f"{url}{CERTIFICATES}{NAME}",
        }

    def _keys(self) -> tuple[rsa.RSAPrivateKey, bytes, bytes]:
        if self._made is None:
            self._made = _made(self._clock)
        return self._made


def event(event_type: str, resource: Mapping[str, object], *, event_id: str = "WH-1", at: str = "") -> bytes:
    """The body of a delivery."""
    return json.dumps(
        {
            "id": event_id,
            "event_version": "1.0",
            "create_time": at or "2026-06-01T12:00:00.000Z",
            "resource_type": event_type.split(".")[1].lower(),
            "event_type": event_type,
            "summary": "It happened.",
            "resource": resource,
            "links": [],
        }
    ).encode()


def forged(genuine: bytes, wanted: bytes) -> bytes:
    """Another JSON body with the same CRC32, so that the signature of the genuine one fits it.

    A field of characters is added whose sum of effects makes up the difference: CRC32 is linear."""
    head, tail = wanted[:-1] + b', "pad": "', b'"}'
    places = [(index, bit) for index in range(16) for bit in (1, 2, 4, 8)]
    base = bytearray(b"@" * 16)

    def crc(pad: bytes) -> int:
        return zlib.crc32(head + pad + tail)

    zero = crc(bytes(base))
    target = zero ^ zlib.crc32(genuine)
    pivots: dict[int, tuple[int, int]] = {}
    for number, (index, bit) in enumerate(places):
        changed = bytearray(base)
        changed[index] ^= bit
        value, chosen = crc(bytes(changed)) ^ zero, 1 << number
        for top in sorted(pivots, reverse=True):
            if value >> top & 1:
                value, chosen = value ^ pivots[top][0], chosen ^ pivots[top][1]
        if value:
            pivots[value.bit_length() - 1] = (value, chosen)
    chosen = 0
    for top in sorted(pivots, reverse=True):
        if target >> top & 1:
            target, chosen = target ^ pivots[top][0], chosen ^ pivots[top][1]
    for number, (index, bit) in enumerate(places):
        if chosen >> number & 1:
            base[index] ^= bit
    return head + bytes(base) + tail


def _made(clock: Clock) -> tuple[rsa.RSAPrivateKey, bytes, bytes]:
    now = clock.now()
    root_key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
    key = rsa.generate_private_key(public_exponent=65_537, key_size=_BITS)
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stand-in root")])
    signer = SIGNERS["sandbox"]
    root = (
        x509.CertificateBuilder()
        .subject_name(authority)
        .issuer_name(authority)
        .public_key(root_key.public_key())
        .serial_number(1)
        .not_valid_before(now - _DAYS)
        .not_valid_after(now + _DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(root_key.public_key()), critical=False)
        .add_extension(_usage(signs=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, signer)]))
        .issuer_name(authority)
        .public_key(key.public_key())
        .serial_number(2)
        .not_valid_before(now - _DAYS)
        .not_valid_after(now + _DAYS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(signer)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False)
        .sign(root_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    return key, leaf.public_bytes(pem), root.public_bytes(pem)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
