"""Names of firms that do not exist, as ledgers write them and as banks do."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_FIRST_WORDS = """
Acorn Alder Amber Anchor Apex Arbor Argo Aspen Atlas Aurora Beacon Birch Bluewater Boulder Bramble Bridge
Bright Cascade Cedar Chestnut Cinder Clear Cobalt Compass Copper Coral Crane Crescent Crown Cypress Dawn Delta
Drift Dune Eagle Echo Elm Ember Evergreen Falcon Fern Field Finch Flint Forge Fox Frost Garnet Glacier Granite
Grove Harbor Hawthorn Hazel Heron Hickory Horizon Indigo Iron Ivy Jade Juniper Keystone Kingfisher Lantern
Larch Laurel Lime Lotus Maple Marble Meadow Meridian Mill Moss Northwind Oak Onyx Opal Orchard Osprey Otter
Palisade Pearl Pine Pinnacle Prairie Quarry Quartz Quill Raven Redwood Ridge River Rowan Saffron Sage Sequoia
Sierra Silver Slate Sparrow Spruce Sterling Stone Summit Swift Sycamore Talon Teal Thistle Thorn Timber Topaz
Trail Tulip Union Valley Vertex Violet Walnut Wharf Willow Winter Wren Yarrow Zenith
"""
_SECOND_WORDS = """
Advisors Analytics Apparel Architects Bakery Beverages Bicycles Books Builders Cabinets Catering Ceramics
Clinics Coffee Components Consulting Couriers Dairy Dental Design Diagnostics Electric Engineering Equipment
Fabrics Farms Fasteners Films Fitness Flooring Foods Freight Furniture Gardens Glass Graphics Hardware Health
Heating Hospitality Imaging Insulation Interiors Joinery Kitchens Labs Landscaping Lighting Logistics Lumber
Machining Marine Media Metals Mills Motors Networks Optics Packaging Paints Paper Partners Plastics Plumbing
Pottery Press Printing Produce Pumps Recycling Rentals Roofing Salons Seafood Security Signs Software Solar
Staffing Storage Studios Supplies Surveying Systems Textiles Tiles Tooling Toys Transport Travel Utilities
Ventures Vintners Welding Windows
"""
_FIRST = tuple(_FIRST_WORDS.split())
_SECOND = tuple(_SECOND_WORDS.split())
_FORMS = ("Inc", "LLC", "Ltd", "Co", "GmbH", "Corp", "S.A.", "& Sons", "Group", "")
ENDINGS = ("corp", "llc", "foundation", "us", "systems", "associates", "trust", "co", "in")
SHORTEST = 3
_BARE_FORMS = frozenset({"INC", "LLC", "LTD", "CO", "GMBH", "CORP", "SA", "SONS", "GROUP"})
_SHORT = {"Consulting": "Consltg", "Engineering": "Eng", "Supplies": "Supl", "Logistics": "Logist", "Systems": "Sys"}
_STRIPPED = re.compile(r"[^A-Z0-9 ]+")


def firm(rng: random.Random, taken: set[str]) -> str:
    """A firm's name that nobody in `taken` has; it is added there."""
    while True:
        parts = [rng.choice(_FIRST)]
        if rng.random() < 0.35:
            parts.append(rng.choice(_FIRST))
        parts.append(rng.choice(_SECOND))
        form = rng.choice(_FORMS)
        name = " ".join(parts) + (f" {form}" if form else "")
        if name not in taken:
            taken.add(name)
            return name


def alike(rng: random.Random, name: str, taken: set[str]) -> str:
    """Another firm whose name is nearly the same: what a careless matcher takes for the first."""
    words = name.split()
    while True:
        changed = list(words)
        place = rng.randrange(len(changed))
        changed[place] = rng.choice(_FIRST if place == 0 else _SECOND)
        if rng.random() < 0.4:
            changed = [*words[:-1], rng.choice([form for form in _FORMS if form])]
        other = " ".join(changed)
        if other not in taken:
            taken.add(other)
            return other


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name as a bank prints it. `faithful`: every letter printed is one of the name's, in order, from its start."""

    text: str
    faithful: bool
    short: str = ""
    """What stands before an ending that says nothing."""


def short(rng: random.Random, taken: set[str]) -> str:
    """A name as retail ledgers have it: short, often cut in the middle of a word."""
    while True:
        words = firm(rng, taken).split()
        name = rng.choice(
            (
                words[0],
                f"{words[0]}-{words[1][:3]}",
                f"{words[0][0]}&{words[0][1]} {words[1][:2]}",
                f"{words[0]} {words[1][:1]}",
                f"{words[0][:3]}/",
                " ".join(words[:2]),
            )
        ).upper()
        if len(letters(name)) > SHORTEST and name not in taken:
            taken.add(name)
            return name


def ended(rng: random.Random, short_name: str) -> str:
    """The short name with an ending."""
    return f"{short_name} {rng.choice(ENDINGS)}"


def with_endings(rng: random.Random, short_name: str, width: int) -> Spelling:
    """As a bank prints it: with whatever ending, or none, cut at its width."""
    text = ended(rng, short_name) if rng.random() < 0.9 else short_name
    return Spelling(text[:width].rstrip(), faithful=False, short=short_name)


def trade(rng: random.Random, taken: set[str]) -> str:
    """A name under which a firm trades and which tells nothing of its own."""
    return firm(rng, taken)


def letters(name: str) -> str:
    """Capitals and digits only."""
    return _STRIPPED.sub("", name.upper()).replace(" ", "")


def bare(name: str) -> str:
    """A name without signs, cases and legal form: what makes two spellings the same."""
    words = _STRIPPED.sub("", name.upper().replace("&", " ")).split()
    return "".join(word for word in words if word not in _BARE_FORMS)


def as_banked(rng: random.Random, name: str, width: int) -> Spelling:
    """The name as a bank prints it: capitals, no points, sometimes shortened or mistyped, cut at the bank's width."""
    faithful = True
    words = name.replace(".", "").split()
    if rng.random() < 0.15 and any(word in _SHORT for word in words):
        words, faithful = [_SHORT.get(word, word) for word in words], False
    if rng.random() < 0.15 and len(words) > 2 and words[-1] in _FORMS:
        words = words[:-1]
    text = " ".join(words)
    if rng.random() < 0.8:
        text = text.upper()
    if rng.random() < 0.04:
        place = rng.randrange(1, len(text))
        text, faithful = text[:place] + text[place + 1 :], False
    return Spelling(text[:width].rstrip(), faithful)
