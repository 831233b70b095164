"""Judges the mutation run: every mutant must have been killed, but for those that .ci/mutants.txt tells of.

Run after `mutmut run`, from the project's root.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

MUTMUT = Path(sys.executable).with_name("mutmut")
ALLOWED = Path(__file__).with_name("mutants.txt")
STATS = Path("mutants/mutmut-cicd-stats.json")

_RESULT = re.compile(r"^\s*(?P<module>[\w.]+)\.x_(?P<function>\w+?)__mutmut_\d+: (?P<state>.+)$")


def told(*arguments: str) -> str:
    """What mutmut prints."""
    return subprocess.run([MUTMUT, *arguments], capture_output=True, text=True, check=True).stdout


def alive() -> dict[str, str]:
    """Every mutant that was not killed as `module.function: the changed line`, with what became of it."""
    found = {}
    for line in told("results").splitlines():
        match = _RESULT.match(line)
        if match is None:
            sys.exit(f"mutmut's results have changed their shape: {line}")
        changes = told("show", line.strip().partition(":")[0]).splitlines()
        added = [change[1:].strip() for change in changes if change.startswith("+") and not change.startswith("+++")]
        found[f"{match['module']}.{match['function']}: {' '.join(added)}"] = match["state"]
    return found


def main() -> None:
    """Print the figures; end with a sentence on the first thing that is not right."""
    told("export-cicd-stats")
    stats = json.loads(STATS.read_text(encoding="utf-8"))
    allowed = {line for line in ALLOWED.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")}
    living = alive()
    print(f"{stats['killed']} of {stats['total']} mutants killed, {len(allowed)} known to change nothing")
    if not stats["killed"]:
        sys.exit("No mutant was killed: the mutation tests did not run.")
    new = [f"  {mutant}  ({state})" for mutant, state in living.items() if mutant not in allowed]
    if new:
        sys.exit("\n".join(["These mutants live; write the test that kills them:", *new]))
    stale = sorted(allowed - living.keys())
    if stale:
        sys.exit("\n".join([f"{ALLOWED.name} tells of mutants that no longer live; remove:", *stale]))


main()
