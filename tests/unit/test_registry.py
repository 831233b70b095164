"""connector.registry: adapters are found by entry point, a stranger's like the built-in ones."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connector import registry
from connector.errors import SettingsError, UserError
from connector.ports import AdapterSpec
from tests.unit.strangers import installed


def test_the_built_in_adapters_are_found_by_name() -> None:
    found = registry.specs()
    assert {"bankfile", "paypal", "quickbooks", "stripe"} <= found.keys()
    assert all(spec.name == name for name, spec in found.items())


def test_a_strangers_adapter_is_found_like_the_built_in_ones(tmp_path: Path) -> None:
    with installed(tmp_path, "ledgerly"):
        spec = registry.spec_of("ledgerly")
        assert registry.setting_names(spec) == (("key", True, True, "", "what opens it"),)
        assert registry.settings_of(spec, {"key": "k"}) == {"key": "k"}
    assert "ledgerly" not in registry.specs()


def test_looking_at_the_list_imports_no_library_of_a_vendor() -> None:
    code = "import sys; from connector import registry; registry.specs(); print(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "adapters.stripe" in told
    assert {"stripe", "quickbooks", "requests"} & set(told) == set()


def test_an_adapter_that_is_not_installed_is_told_with_those_that_are() -> None:
    with pytest.raises(UserError, match="There is no adapter for 'xero'") as caught:
        registry.spec_of("xero")
    assert "paypal, quickbooks, stripe" in caught.value.next_step


@pytest.mark.parametrize("entry", ["nowhere_at_all:spec", "halfway_adapter:nothing_there"])
def test_an_adapter_that_cannot_be_imported_is_named(tmp_path: Path, entry: str) -> None:
    with installed(tmp_path, "halfway", entry=entry), pytest.raises(SettingsError, match="adapter halfway is declared"):
        registry.specs()


def test_an_adapter_that_declares_something_else_is_named(tmp_path: Path) -> None:
    with installed(tmp_path, "textual", entry="textual_adapter:no_spec"), pytest.raises(SettingsError) as caught:
        registry.specs()
    assert caught.value.sentence == "The adapter textual does not declare itself."
    assert caught.value.next_step


@pytest.mark.parametrize("path", ["nowhere_at_all:connect", "connector.registry:nothing_there"])
def test_a_part_of_an_adapter_that_is_not_there_is_named(path: str) -> None:
    spec = AdapterSpec(name="half", title="Half", settings=path, connect=path, standin=path)
    with pytest.raises(SettingsError) as caught:
        registry.settings_of(spec, {})
    assert path in caught.value.sentence
    assert caught.value.__cause__ is None
