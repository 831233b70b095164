"""Every sentence a payer can read, once per language; a sentence that is missing in one does not type-check.

Plain tables and no catalogue files: there are four languages and a hundred sentences, and nothing has to be compiled.
Figures and days are written by the language's own rules elsewhere (`connector.web.tongues`).
"""

from __future__ import annotations

from connector.web.phrases.de import DE
from connector.web.phrases.en import EN
from connector.web.phrases.es import ES
from connector.web.phrases.fr import FR
from connector.web.phrases.shape import Phrases, tied

LANGUAGES: dict[str, Phrases] = {"en": EN, "fr": tied(FR), "de": DE, "es": ES}

__all__ = ["LANGUAGES", "Phrases"]
