"""Wrong or missing settings, by environment, file and command line: told by name, never by value, and nothing kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.complaints import CLIENT_SECRET, KEY, TOKEN, complains, connect, connect_and_read, head, typed
from tests.journeys.firm import Firm, open_firm, run_command

ZONE = ("--zone", "America/New_York")
BOOKS = {
    "RECEIVABLES_QUICKBOOKS_CLIENT_ID": "client",
    "RECEIVABLES_QUICKBOOKS_CLIENT_SECRET": CLIENT_SECRET,
    "RECEIVABLES_QUICKBOOKS_REALM_ID": "9140001",
    "RECEIVABLES_QUICKBOOKS_REFRESH_TOKEN": TOKEN,
}
PROCESSOR = {"RECEIVABLES_STRIPE_API_KEY": KEY}
GOOD = {"quickbooks": BOOKS, "stripe": PROCESSOR}
TWO_COMPANIES = """
company  Harbor  home USD  zone America/New_York  realm 9130001  stripe acct_harbor
company  Maple  home CAD  zone America/Toronto  country CA  realm 9130002  stripe acct_maple
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[Firm]:
    with open_firm(tmp_path) as opened:
        yield opened


def test_no_company_yet(home: Path) -> None:
    complains(run_command(home, ("sync",), {}), 2, "No company is connected yet.")


def test_several_companies_need_a_name_and_keep_their_own_books(tmp_path: Path) -> None:
    whole, *rest = TWO_COMPANIES.strip().splitlines()
    with open_firm(tmp_path, whole) as firm, open_firm(_folder(tmp_path), *rest) as other:
        connect(firm)
        double = other.doubles["quickbooks"]
        given = {
            f"RECEIVABLES_QUICKBOOKS_{name.upper()}": value
            for name, value in double.stand_in.settings(other.world, double.url).items()
        }
        firm.do("connect", "quickbooks", "--company", "maple", "--zone", other.world.zone, **given)
        complains(firm.run("sync"), 2, "There are several companies.")
        complains(firm.run("connect", "stripe", **PROCESSOR), 2, "There are several companies.")
        firm.do("sync", "--company", "maple")
        firm.do("aging", "--company", "main")


def _folder(tmp_path: Path) -> Path:
    folder = tmp_path / "other"
    folder.mkdir()
    return folder


MISSING = [(system, name) for system, given in GOOD.items() for name in given]


@pytest.mark.parametrize(("system", "name"), MISSING, ids=[name for _, name in MISSING])
def test_a_setting_that_is_missing(home: Path, system: str, name: str) -> None:
    given = {each: value for each, value in GOOD[system].items() if each != name}
    setting = name.removeprefix(f"RECEIVABLES_{system.upper()}_").lower()
    complains(typed(home, ("connect", system, *ZONE), given), 3, f"setting {setting} is missing.")


WRONG = [
    ("quickbooks", "REALM_ID", f"main {TOKEN}", "setting realm_id is wrong"),
    ("quickbooks", "BASE_URL", "http://books.example.com", "setting base_url is wrong"),
    ("quickbooks", "TOKEN_URL", "nowhere", "setting token_url is wrong"),
    ("quickbooks", "CLIENT_SECRET", " ", "setting client_secret is wrong"),
    ("quickbooks", "PAGE_SIZE_MAX", "0", "setting page_size_max is wrong"),
    ("quickbooks", "RETRY_SECONDS", "for ever", "setting retry_seconds is wrong"),
    ("quickbooks", "REALM", "9140001", "There is no QuickBooks setting realm."),
    ("stripe", "API_KEY", f"pk_{TOKEN}", "setting api_key is wrong"),
    ("stripe", "BASE_URL", "ftp://127.0.0.1", "setting base_url is wrong"),
    ("stripe", "READ_SECONDS", "-1", "setting read_seconds is wrong"),
    ("stripe", "SECRET", TOKEN, "There is no Stripe setting secret."),
]


@pytest.mark.parametrize(("system", "name", "value", "words"), WRONG, ids=[" ".join(row[:2]) for row in WRONG])
def test_a_setting_that_is_wrong(home: Path, system: str, name: str, value: str, words: str) -> None:
    given = {**GOOD[system], f"RECEIVABLES_{system.upper()}_{name}": value}
    complains(typed(home, ("connect", system, *ZONE), given), 3, words)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ((), 3, "its time zone is not known"),
        (("--zone", "Mars/Olympus"), 3, "There is no time zone 'Mars/Olympus'"),
        ((*ZONE, "--set", f"api_key={KEY}"), 2, "api_key is a secret"),
        ((*ZONE, "--set", KEY), 2, "A --set is not NAME=VALUE."),
        ((*ZONE, "--set", "page_size=9"), 3, "There is no Stripe setting page_size."),
    ],
)
def test_a_wrong_way_to_connect(home: Path, arguments: tuple[str, ...], code: int, words: str) -> None:
    complains(run_command(home, ("connect", "stripe", *arguments), PROCESSOR), code, words)
    complains(run_command(home, ("status",), {}), 2, "No company is connected yet.")


OURS = [
    ({"RECEIVABLES_SETTLE_PAYMENT": "-1"}, "The setting RECEIVABLES_SETTLE_PAYMENT is wrong"),
    ({"RECEIVABLES_SETTLE_NOTE": "soon"}, "The setting RECEIVABLES_SETTLE_NOTE is wrong"),
    ({"RECEIVABLES_CALLS_PER_MINUTE": "1e99"}, "The setting RECEIVABLES_CALLS_PER_MINUTE is wrong"),
    ({"RECEIVABLES_LOCK_WAIT": "86400"}, "The setting RECEIVABLES_LOCK_WAIT is wrong"),
    ({"RECEIVABLES_LINK_BASE": "pay.example.com"}, "The setting RECEIVABLES_LINK_BASE is wrong"),
    ({"RECEIVABLES_SETTLE_PAYMENTS": "9"}, "There is no setting RECEIVABLES_SETTLE_PAYMENTS."),
    ({"RECEIVABLES_DATABASE_URL": TOKEN}, "There is no setting RECEIVABLES_DATABASE_URL."),
    ({"RECEIVABLES_DATABASE": f"mysql://books:{TOKEN}@127.0.0.1/books"}, "Only SQLite and PostgreSQL"),
]


@pytest.mark.parametrize(("given", "words"), OURS, ids=[" ".join(given) for given, _ in OURS])
def test_a_setting_of_our_own_that_is_wrong(home: Path, given: dict[str, str], words: str) -> None:
    complains(typed(home, ("status",), given), 3, words)


@pytest.mark.parametrize(
    ("arguments", "given", "words"),
    [
        (("connect", "stripe", *ZONE), {}, "setting api_key is missing."),
        (("connect", "stripe", *ZONE), {"RECEIVABLES_STRIPE_API_KEY": f"pk_{KEY}"}, "setting api_key is wrong"),
        (("status",), {"RECEIVABLES_SETTLE_PAYMENT": "-1"}, "The setting RECEIVABLES_SETTLE_PAYMENT is wrong"),
    ],
)
def test_the_same_in_a_process_of_its_own(
    home: Path, arguments: tuple[str, ...], given: dict[str, str], words: str
) -> None:
    complains(run_command(home, arguments, given), 3, words)


FILES = [
    (b"settle_note = \n", "is not a TOML file."),
    (b"\xff\xfe", "is not a TOML file."),
    (b"settle_note = -1\n", "The setting RECEIVABLES_SETTLE_NOTE is wrong"),
    (b"settle_noet = 1\n", "There is no setting 'settle_noet'"),
    (b"crash_at = 'post.sent'\n", "There is no setting 'crash_at'"),
    (b"adapters = 1\n", "[adapters] in settings.toml is not a table"),
    (b"companies = 1\n", "[companies] in settings.toml is not a table"),
    (b"[adapters]\nstripe = 1\n", "[adapters.stripe] in settings.toml is not a table"),
    (b"[companies.main.stripe.api_key]\nlive = 1\n", "[companies.main.stripe] in settings.toml is not a table"),
]


@pytest.mark.parametrize(("text", "words"), FILES)
def test_a_settings_file_that_is_wrong(home: Path, text: bytes, words: str) -> None:
    file = home / "settings.toml"
    file.write_bytes(text)
    complains(typed(home, ("status",), {}), 3, words)
    assert file.read_bytes() == text


def test_settings_that_cannot_be_read(home: Path) -> None:
    (home / "settings.toml").mkdir()
    complains(run_command(home, ("status",), {}), 3, "cannot be read.")


def test_a_home_that_others_can_read(home: Path) -> None:
    home.chmod(0o755)
    complains(run_command(home, ("status",), {}), 3, "Others can read the folder")
    home.chmod(0o700)
    complains(run_command(home, ("status",), {}), 2, "No company is connected yet.")


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    complains(run_command(tmp_path / "home", ("status",), {}), 3, "cannot be used.")


def test_keys_that_open_nothing_leave_no_company_behind(firm: Firm) -> None:
    url = firm.doubles["stripe"].url
    ran = firm.run("connect", "stripe", "--zone", "Europe/Paris", **PROCESSOR, RECEIVABLES_STRIPE_BASE_URL=url)
    complains(ran, 3, "Stripe does not accept the key.")
    complains(firm.run("sync"), 2, "No system is connected yet.")
    connect(firm)
    shown = firm.run("status", "--json")
    assert shown.json["company"]["zone"] == firm.world.zone
    assert shown.code == 1, "nothing has been read yet, which needs a person"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("CLIENT_SECRET", CLIENT_SECRET, "client_id or client_secret is wrong"),
        ("REFRESH_TOKEN", TOKEN, "does not renew this connection any more"),
        ("REALM_ID", "9140009", "does not let this connection do that"),
    ],
)
def test_a_key_of_the_books_that_opens_nothing(firm: Firm, name: str, value: str, words: str) -> None:
    double = firm.doubles["quickbooks"]
    right = {
        f"RECEIVABLES_QUICKBOOKS_{each.upper()}": text
        for each, text in double.stand_in.settings(firm.world, double.url).items()
    }
    wrong = {**right, f"RECEIVABLES_QUICKBOOKS_{name}": value}
    complains(firm.run("connect", "quickbooks", *ZONE, **wrong), 3, words)
    firm.do("connect", "quickbooks", **right)
    firm.do("sync")


def test_wrong_keys_do_not_take_the_place_of_those_that_work(firm: Firm) -> None:
    connect_and_read(firm)
    before = head(firm)
    complains(firm.run("connect", "stripe", **PROCESSOR), 3, "Stripe does not accept the key.")
    complains(firm.run("connect", "stripe", *ZONE, "--set", "base_url=https:///"), 3, "setting base_url is wrong")
    complains(firm.run("connect", "stripe", "--zone", "Europe/Paris"), 2, "counts its days in America/New_York.")
    assert head(firm) == before
    firm.do("sync")


def test_the_keys_of_another_account_are_refused_and_not_kept(tmp_path: Path) -> None:
    whole, second = TWO_COMPANIES.strip().splitlines()
    with open_firm(tmp_path, whole) as firm, open_firm(_folder(tmp_path), second) as other:
        connect(firm)
        double = other.doubles["stripe"]
        settings = double.stand_in.settings(other.world, double.url)
        given = {f"RECEIVABLES_STRIPE_{name.upper()}": value for name, value in settings.items()}
        before = head(firm)
        complains(firm.run("connect", "stripe", **given), 2, "is already connected to account acct_harbor")
        assert head(firm) == before
        firm.do("sync")
