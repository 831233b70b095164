"""What the daemon imports and costs while nothing happens."""

from __future__ import annotations

from importlib.metadata import packages_distributions

import pytest

from tests.bench.bench_idle import bare, idle, modules_imported, seconds_to_import

OTHERS_MODULES_MAX = 620
OTHERS_IN_DAEMON = {
    *("sqlalchemy", "requests", "urllib3", "certifi", "socks", "charset_normalizer", "idna", "pydantic"),
    *("pydantic_core", "annotated_types", "typing_inspection", "typing_extensions", "msgspec", "tenacity", "rapidfuzz"),
    *("stdnum", "platformdirs", "zstandard", "standardwebhooks", "typer", "annotated_doc", "shellingham", "greenlet"),
}
"""Vendors' libraries, the engine of a cluster, pages, migrations and messages wait until they are used."""

IMPORT_TO_OTHERS_MAX = 2.4
IDLE_MS_MAX = 2.0
MB_MAX = 125


def test_the_daemon_imports_no_more_of_other_people_than_it_needs_before_it_works() -> None:
    imported = modules_imported()
    packages = {name.partition(".")[0] for name in imported if not name.startswith("_")}
    ours = {"connector", "adapters"}
    assert (packages & packages_distributions().keys()) - ours <= OTHERS_IN_DAEMON
    assert len([name for name in imported if name.partition(".")[0] not in ours]) <= OTHERS_MODULES_MAX


@pytest.mark.long
def test_the_daemon_costs_next_to_nothing_while_nothing_happens() -> None:
    """Its imports are held against those of the libraries it cannot do without, measured in the same minute."""
    ours, others = seconds_to_import()
    (spent, said), floor = idle(60), bare(60)
    print(f"\nimport {ours:.2f} s CPU, others' libraries alone {others:.2f} s; {said}\n{spent}\nbare {floor}")  # noqa: T201
    assert said == ["Nothing to write. 3 wait for a person."]
    assert ours <= IMPORT_TO_OTHERS_MAX * others
    assert spent.cpu_ms <= IDLE_MS_MAX
    assert spent.peak_mb <= MB_MAX
