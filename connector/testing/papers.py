"""A document of one page, for doubles of systems that have their invoices as PDF."""

from __future__ import annotations

from collections.abc import Sequence

_LINE_POINTS = 22
_LETTERS = b"<< /Font << /F1 5 0 R >> >>"


def one_page(lines: Sequence[str]) -> bytes:
    """A PDF that any viewer opens and that says these lines, in plain letters."""
    shown = "".join(f"({_plain(line)}) Tj 0 -{_LINE_POINTS} Td " for line in lines)
    content = f"BT /F1 14 Tf 72 760 Td {shown}ET".encode("ascii")
    parts = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources %s >>" % _LETTERS,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    written = bytearray(b"%PDF-1.4\n")
    places = []
    for number, part in enumerate(parts, start=1):
        places.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(parts) + 1)
    written += b"".join(b"%010d 00000 n \n" % place for place in places)
    written += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, table)
    return bytes(written)


def _plain(line: str) -> str:
    """What may stand between the brackets of a text."""
    letters = line.encode("ascii", "replace").decode("ascii")
    return letters.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
