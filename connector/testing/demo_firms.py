"""Whose books the demo world shows: two made-up firms and their forty made-up customers.

Every name is fictional, every address ends in `.example`, every telephone number lies in the 555 range.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.money import Currency

USD, EUR, JPY = Currency("USD"), Currency("EUR"), Currency("JPY")


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """A customer: its terms in days, the currency it is billed in, and which systems know it."""

    name: str
    email: str
    phone: str
    terms_days: int
    currency: Currency
    parent: str | None
    in_books: bool
    stripe_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """A company, and how many invoices of each fate it gets.

    `facts` are the named fields of its line in a world; `late` counts those overdue 1-30, 31-60, 61-90 and 91+ days.
    """

    word: str
    name: str
    facts: str
    prefix: str
    first_number: int
    buyers: tuple[Buyer, ...]
    paid_in_books: int
    paid_through_stripe: int
    paid_by_paypal: int
    late: tuple[int, int, int, int]
    current: int


ACCOUNTS = """\
account  Checking  bank USD
account  Euro Bank  bank EUR
account  Yen Bank  bank JPY
account  Stripe Clearing  bank USD
account  Stripe Clearing EUR  bank EUR
account  Stripe Clearing JPY  bank JPY
account  Stripe Fees  expense USD
account  PayPal Clearing  bank USD
account  PayPal Fees  expense USD
account  Undeposited Funds  undeposited USD
account  Accounts Receivable  receivable USD
account  Accounts Receivable EUR  receivable EUR
account  Accounts Receivable JPY  receivable JPY
"""

# Name, e-mail, terms in days; then what is unusual: a currency, a parent, or the only system that knows the customer.
_HARBOR = """\
Anchor & Oar Outfitters | ap@anchor-oar.example | 30
Bayfront Marina Works | accounts@bayfront-marina.example | 30
Bluewater Hotels Group | payables@bluewater-hotels.example | 45
Bluewater Hotels Newport | newport@bluewater-hotels.example | 45 | under Bluewater Hotels Group
Cape Lantern Inn | office@cape-lantern.example | 15
Coastline Catering Co. | billing@coastline-catering.example | 15
Driftwood Kitchens | ap@driftwood-kitchens.example | 30
Eastport Boatworks | payables@eastport-boatworks.example | 30
Fairhaven Grocers | invoices@fairhaven-grocers.example | 30
Gull Point Yacht Club | treasurer@gullpoint.example | 45
Harborlight Brewing | ap@harborlight-brewing.example | 30
Kestrel Sail Lofts | hello@kestrel-sails.example | 15
Lighthouse Diner Group | ap@lighthouse-diners.example | 30
Mariner's Rest Hospitality | finance@mariners-rest.example | 45
Northwind Charters | office@northwind-charters.example | 30
Osprey Dive Shop | shop@osprey-dive.example | 15
Quayside Fish Market | accounts@quayside-fish.example | 15
Saltmarsh Foods | ap@saltmarsh-foods.example | 30
Seabright School District | accountspayable@seabright-schools.example | 45 | books only
Tidewater Municipal Works | finance@tidewater-works.example | 45 | books only
Wharf Street Construction | ap@wharf-street.example | 30 | books only
Nordlicht Schiffsbedarf GmbH | buchhaltung@nordlicht.example | 30 | EUR
Minato Marine KK | keiri@minato-marine.example | 30 | JPY
Pelican Kayak Rentals | pay@pelican-kayaks.example | 15 | stripe only
"""

_MAPLE = """\
Alder Coffee Roasters | ap@alder-coffee.example | 15
Birchwood Dental | office@birchwood-dental.example | 30
Cedar Lane Realty | accounting@cedar-lane.example | 30
Cedar Lane Lofts | lofts@cedar-lane.example | 30 | under Cedar Lane Realty
Elm Street Books | owner@elm-street-books.example | 30
Foxglove Florists | hello@foxglove-florists.example | 15
Granite Peak Outdoors | ap@granite-peak.example | 45
Juniper Wellness | billing@juniper-wellness.example | 15
Larkspur Events | finance@larkspur-events.example | 30
Thornbury Legal | payables@thornbury-legal.example | 45
Willow & Wren Bakery | books@willow-wren.example | 15
Queen West Theatre Society | treasurer@queenwest-theatre.example | 30 | books only
Township of Rowan Hill | ap@rowan-hill.example | 45 | books only
Atelier Rivoli SARL | compta@atelier-rivoli.example | 30 | EUR
Hoshino Paper Works | keiri@hoshino-paper.example | 30 | JPY
Spruce Podcast Network | money@spruce-podcasts.example | 15 | stripe only
"""


def _buyer(word: str, area: str, index: int, row: str) -> Buyer:
    name, email, terms, *unusual = row.split(" | ")
    extra = unusual[0] if unusual else ""
    return Buyer(
        name=name,
        email=email,
        phone=f"+1 {area} 555 {100 + index:04d}",
        terms_days=int(terms),
        currency={"EUR": EUR, "JPY": JPY}.get(extra, USD),
        parent=extra.removeprefix("under ") if extra.startswith("under ") else None,
        in_books=extra != "stripe only",
        stripe_id=None if extra == "books only" else f"cus_{word}_{index:02d}",
    )


def _buyers(word: str, area: str, rows: str) -> tuple[Buyer, ...]:
    return tuple(_buyer(word, area, index, row) for index, row in enumerate(rows.splitlines(), start=1))


HARBOR = Firm(
    word="harbor",
    name="Harbor Supply",
    facts="home USD  zone America/New_York  country US  realm 9130001  stripe acct_harbor  paypal HARBR2345678A",
    prefix="HS",
    first_number=1001,
    buyers=_buyers("harbor", "401", _HARBOR),
    paid_in_books=35,
    paid_through_stripe=54,
    paid_by_paypal=7,
    late=(6, 4, 4, 4),
    current=9,
)

# Its books are in USD and its Stripe account is American, so that it can take bank debits; only its days are Toronto's.
MAPLE = Firm(
    word="maple",
    name="Maple & Pine Studio",
    facts="home USD  zone America/Toronto  country US  realm 9130002  stripe acct_maple  paypal MAPLE2345678A",
    prefix="MP",
    first_number=2001,
    buyers=_buyers("maple", "416", _MAPLE),
    paid_in_books=23,
    paid_through_stripe=38,
    paid_by_paypal=5,
    late=(4, 3, 2, 3),
    current=7,
)

FIRMS = (HARBOR, MAPLE)
