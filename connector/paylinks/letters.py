"""The words that go to a payer with a link: short, friendly, in the payer's language. Pure.

Amounts and days come formatted. A text asks, it never threatens, and it says nothing of other debts.
"""

from __future__ import annotations

from dataclasses import dataclass

LANGUAGES = ("en", "fr", "de", "es")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What a text is about. `name` is whom it is addressed to, "" where nobody is known; `due` and `overdue_days` are
    of the oldest invoice; `seller` signs it."""

    seller: str
    name: str
    numbers: tuple[str, ...]
    amount: str
    due: str
    overdue: bool
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    subject: str
    subjects: str
    hello: str
    hello_name: str
    one: str
    several: str
    due: str
    was_due: str
    link: str
    paid: str
    question: str
    bye: str


_WORDS: dict[str, _Words] = {
    "en": _Words(
        subject="Invoice {numbers} from {seller}",
        subjects="Invoices {numbers} from {seller}",
        hello="Hello,",
        hello_name="Hello {name},",
        one="thank you for your business. This is about invoice {numbers}: {amount} is open.",
        several="thank you for your business. This is about invoices {numbers}: {amount} is open in all.",
        due="It is due on {due}.",
        was_due="It was due on {due}; perhaps it has slipped through.",
        link="You can see it and pay it here, in the way that suits you best:",
        paid="If you have paid already, please disregard this message, and thank you.",
        question="If anything is not right, just answer this message or tell us on that page; we are glad to help.",
        bye="Kind regards",
    ),
    "fr": _Words(
        subject="Facture {numbers} de {seller}",
        subjects="Factures {numbers} de {seller}",
        hello="Bonjour,",
        hello_name="Bonjour {name},",
        one="nous vous remercions de votre confiance. La facture {numbers} présente un solde de {amount}.",
        several="nous vous remercions de votre confiance. Les factures {numbers} présentent un solde de {amount} au "
        "total.",
        due="L'échéance est le {due}.",
        was_due="L'échéance était le {due} ; il s'agit peut-être d'un simple oubli.",
        link="Vous pouvez la consulter et la régler ici, par le moyen qui vous convient :",
        paid="Si le paiement est déjà parti, merci de ne pas tenir compte de ce message.",
        question="Si quelque chose n'est pas exact, répondez simplement à ce message ou écrivez-nous sur cette page ; "
        "nous vous aiderons volontiers.",
        bye="Bien cordialement",
    ),
    "de": _Words(
        subject="Rechnung {numbers} von {seller}",
        subjects="Rechnungen {numbers} von {seller}",
        hello="Guten Tag,",
        hello_name="Guten Tag {name},",
        one="vielen Dank für Ihr Vertrauen. Zur Rechnung {numbers} sind {amount} offen.",
        several="vielen Dank für Ihr Vertrauen. Zu den Rechnungen {numbers} sind zusammen {amount} offen.",
        due="Fällig am {due}.",
        was_due="Fällig war sie am {due}; vielleicht ist sie untergegangen.",
        link="Hier können Sie sie ansehen und so bezahlen, wie es Ihnen am besten passt:",
        paid="Falls Sie schon bezahlt haben, ist diese Nachricht gegenstandslos; herzlichen Dank.",
        question="Stimmt etwas nicht, antworten Sie einfach auf diese Nachricht oder schreiben Sie uns auf der Seite; "
        "wir helfen gern.",
        bye="Freundliche Grüße",
    ),
    "es": _Words(
        subject="Factura {numbers} de {seller}",
        subjects="Facturas {numbers} de {seller}",
        hello="Buenos días:",
        hello_name="Buenos días, {name}:",
        one="Gracias por su confianza. De la factura {numbers} quedan {amount} por pagar.",
        several="Gracias por su confianza. De las facturas {numbers} quedan {amount} por pagar en total.",
        due="Vence el {due}.",
        was_due="Venció el {due}; quizá se haya pasado por alto.",
        link="Aquí puede verla y pagarla de la forma que prefiera:",
        paid="Si ya ha pagado, no tenga en cuenta este mensaje, y gracias.",
        question="Si algo no es correcto, responda a este mensaje o escríbanos en esa página; le ayudaremos con mucho "
        "gusto.",
        bye="Un cordial saludo",
    ),
}


def letter(about: Letter, language: str) -> tuple[str, str]:
    """The subject and the text of a message; in English where the language is not one of ours."""
    words = _WORDS.get(language, _WORDS["en"])
    given = {
        "seller": about.seller,
        "name": about.name,
        "numbers": ", ".join(about.numbers),
        "amount": about.amount,
        "due": about.due,
    }
    several = len(about.numbers) > 1
    said = [(words.several if several else words.one).format(**given)]
    if about.due:
        said.append((words.was_due if about.overdue else words.due).format(**given))
    parts = [
        (words.hello_name if about.name else words.hello).format(**given),
        " ".join(said),
        f"{words.link}\n{about.url}",
        f"{words.paid} {words.question}",
        f"{words.bye}\n{about.seller}",
    ]
    return (words.subjects if several else words.subject).format(**given), "\n\n".join(parts) + "\n"
