"""Find adapters by entry point, import them late, parse their own settings.

An adapter of a stranger is found exactly as the built-in ones are. Looking at the list imports no vendor's library.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from connector import logs
from connector.errors import SettingsError, UserError
from connector.ports import Adapter, AdapterSpec, Hooks, Surroundings

GROUP = "connector.adapters"


def specs() -> dict[str, AdapterSpec]:
    """Every installed adapter's declaration, by name."""
    return dict(_found(tuple(sys.path)))


@cache
def _found(_where: tuple[str, ...]) -> Mapping[str, AdapterSpec]:
    """Those installed in these folders, looked up once: reading what every package declares takes 20 milliseconds."""
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


def hooks_of(spec: AdapterSpec) -> Hooks | None:
    """The adapter's module that reads what its vendor sends us, None where it has none."""
    if spec.hooks is None:
        return None
    try:
        module: Any = importlib.import_module(spec.hooks)
    except ImportError:
        raise _not_importable(spec.hooks) from None
    found: Hooks = module
    return found


def settings_of(spec: AdapterSpec, values: Mapping[str, str]) -> object:
    """The adapter's own settings, parsed by its own type. SettingsError names what is missing."""
    secret = (name for name, _, is_secret, _, _ in setting_names(spec) if is_secret)
    logs.hide(*(values[name] for name in secret if name in values))
    return by_path(spec.settings).parse(values)


def setting_names(spec: AdapterSpec) -> tuple[tuple[str, bool, bool, str, str], ...]:
    """(name, required, secret, default, meaning) of each of the adapter's settings."""
    names: tuple[tuple[str, bool, bool, str, str], ...] = by_path(spec.settings).names()
    return names


def names_asked(spec: AdapterSpec) -> tuple[str, ...]:
    """The settings that a page asks for beside the required ones."""
    names: tuple[str, ...] = getattr(by_path(spec.settings), "asked", ())
    return names


def steps_before(spec: AdapterSpec) -> tuple[str, ...]:
    """What a person has to have done at the other side before there are keys, one sentence each."""
    steps: tuple[str, ...] = getattr(by_path(spec.settings), "before", ())
    return steps


def connect(spec: AdapterSpec, surroundings: Surroundings) -> Adapter:
    """A live adapter."""
    make: Callable[[Surroundings], Adapter] = by_path(spec.connect)
    return make(surroundings)
