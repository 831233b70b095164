"""Find adapters by entry point, import them late, parse their own settings.

An adapter of a stranger is found exactly as the built-in ones are. Looking at the list imports no vendor's library.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

from connector.errors import SettingsError, UserError
from connector.ports import Adapter, AdapterSpec, Surroundings

GROUP = "connector.adapters"


def specs() -> dict[str, AdapterSpec]:
    """Every installed adapter's declaration, by name."""
    found: dict[str, AdapterSpec] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            spec = point.load()
        except (ImportError, AttributeError):
            raise _not_importable(point.name) from None
        if not isinstance(spec, AdapterSpec):
            raise SettingsError(f"The adapter {point.name} does not declare itself.", next_step="Install it again.")
        found[spec.name] = spec
    return found


def spec_of(name: str) -> AdapterSpec:
    """One adapter's declaration; UserError lists those there are."""
    found = specs()
    if name not in found:
        known = ", ".join(found) or "none"
        raise UserError(f"There is no adapter for {name[:40]!r}.", next_step=f"Installed are: {known}.")
    return found[name]


def by_path(path: str) -> Any:
    """The object that "package.module:name" stands for; SettingsError when it is not there."""
    module, _, name = path.partition(":")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError):
        raise _not_importable(path) from None


def _not_importable(what: str) -> SettingsError:
    return SettingsError(f"The adapter {what} is declared and cannot be imported.", next_step="Install it again.")


def settings_of(spec: AdapterSpec, values: Mapping[str, str]) -> object:
    """The adapter's own settings, parsed by its own type. SettingsError names what is missing."""
    return by_path(spec.settings).parse(values)


def setting_names(spec: AdapterSpec) -> tuple[tuple[str, bool, bool, str, str], ...]:
    """(name, required, secret, default, meaning) of each of the adapter's settings."""
    names: tuple[tuple[str, bool, bool, str, str], ...] = by_path(spec.settings).names()
    return names


def connect(spec: AdapterSpec, surroundings: Surroundings) -> Adapter:
    """A live adapter."""
    make: Callable[[Surroundings], Adapter] = by_path(spec.connect)
    return make(surroundings)
