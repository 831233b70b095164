"""Our hand under what leaves this database: an Ed25519 signature by a key made from the one that seals secrets.

It shows that the same installation signed two things, not who owns it: for that its public key is told by another way.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.store.keyring import Key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PURPOSE = b"receivables audit signing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """A signature and the public key that tells whether it is right, both in hex."""

    public_key: str
    signature: str

    def is_of(self, body: bytes) -> bool:
        """Whether it is the signature of that key under these bytes."""
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.signature), body)
        except (InvalidSignature, ValueError):
            return False
        return True


def sign(key: Key, body: bytes) -> Signature:
    """The signature under these bytes: the same every time."""
    private = _private(key)
    return Signature(public_key=_public(private), signature=private.sign(body).hex())


def public_key(key: Key) -> str:
    """What its signatures are checked with, in hex."""
    return _public(_private(key))


def _private(key: Key) -> Ed25519PrivateKey:
    """A key of its own for signing: neither tells the other's secret."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(hmac.digest(key.secret, _PURPOSE, hashlib.sha256))


def _public(private: Ed25519PrivateKey) -> str:
    return private.public_key().public_bytes_raw().hex()
