"""What payers call Stripe's methods, by language; in English they stand in the declaration."""

from __future__ import annotations

METHOD_TITLES_IN = {
    "fr": {
        "card": "Carte bancaire",
        "us_bank_account": "Compte bancaire américain (ACH)",
        "acss_debit": "Compte bancaire canadien (débit préautorisé)",
        "sepa_debit": "Prélèvement SEPA",
        "bacs_debit": "Compte bancaire britannique (prélèvement Bacs)",
        "au_becs_debit": "Compte bancaire australien (prélèvement BECS)",
        "nz_bank_account": "Compte bancaire néo-zélandais (prélèvement)",
        "customer_balance": "Virement bancaire",
    },
    "de": {
        "card": "Kredit- oder Debitkarte",
        "us_bank_account": "US-Bankkonto (ACH)",
        "acss_debit": "Kanadisches Bankkonto (vorautorisierte Lastschrift)",
        "sepa_debit": "SEPA-Lastschrift",
        "bacs_debit": "Britisches Bankkonto (Bacs-Lastschrift)",
        "au_becs_debit": "Australisches Bankkonto (BECS-Lastschrift)",
        "nz_bank_account": "Neuseeländisches Bankkonto (Lastschrift)",
        "customer_balance": "Banküberweisung",
    },
    "es": {
        "card": "Tarjeta",
        "us_bank_account": "Cuenta bancaria de EE. UU. (ACH)",
        "acss_debit": "Cuenta bancaria canadiense (adeudo preautorizado)",
        "sepa_debit": "Adeudo SEPA",
        "bacs_debit": "Cuenta bancaria británica (adeudo Bacs)",
        "au_becs_debit": "Cuenta bancaria australiana (adeudo BECS)",
        "nz_bank_account": "Cuenta bancaria neozelandesa (adeudo)",
        "customer_balance": "Transferencia bancaria",
    },
}
"""PayPal is called PayPal everywhere."""
