"""A QR code as a picture that stands in the page itself."""

from __future__ import annotations

from segno.helpers import make_epc_qr

from connector.money import to_decimal
from connector.remit import EpcTransfer

_UTF_8 = 1
_SCALE = 4


def epc_picture(transfer: EpcTransfer, title: str) -> str:
    """The EPC QR code of a transfer as SVG, "" when it would not fit.

    The library checks lengths and neither the IBAN, nor the reference, nor control characters; all of that was refused
    when the settings were read (`connector.remit`).
    """
    try:
        code = make_epc_qr(
            name=transfer.name,
            iban=transfer.iban,
            amount=to_decimal(transfer.amount),
            reference=transfer.reference,
            bic=transfer.bic or None,
            encoding=_UTF_8,
        )
    except ValueError:
        return ""
    return str(code.svg_inline(scale=_SCALE, omitsize=True, title=title, svgclass=None, lineclass=None))
