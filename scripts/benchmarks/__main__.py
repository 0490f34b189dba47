"""`scripts/bench`: measures, and prints a table and JSON. Ends with 4 when a goal is missed."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import building, crowd, gate, host, installing, running, settings
from benchmarks.figures import Figure, render_table
from benchmarks.stage import Stage, find_installer

MEASUREMENTS: dict[str, Callable[[Stage], list[Figure]]] = {
    "size": building.measure_size,
    "install": installing.measure_install,
    "hub-start": running.measure_hub_start,
    "server-start": running.measure_server_start,
    "memory": running.measure_memory,
    "config-show": running.measure_config_show,
    "config-commands": settings.measure_config_commands,
    "apply-nothing": settings.measure_apply_nothing,
    "apply-live": settings.measure_apply_live,
    "apply-restart": settings.measure_apply_restart,
    "class-start": crowd.measure_class_start,
    "hub-restart": crowd.measure_hub_restart,
    "proxy-restart": crowd.measure_proxy_restart,
    "gate": gate.measure_gate,
    "warm-build": building.measure_warm_build,
    "clean-build": building.measure_clean_build,
}
MISSED = 4


def main() -> int:
    """Measure what the command line asks for."""
    chosen = read_arguments()
    if chosen.list:
        for name, measure in MEASUREMENTS.items():
            print(f"{name:15} {measure.__doc__}")
        return 0
    if os.geteuid():
        print("scripts/bench boots machines, so it needs root: run it with sudo.", file=sys.stderr)
        return 77
    # ends as Ctrl-C does: the machines are removed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = [name for name in MEASUREMENTS if name in chosen.names or (chosen.clean and name == "clean-build")]
    facts = host.read_facts()
    stage = Stage(chosen.installer or find_installer(), chosen.runs, host.Calm(chosen.patience))
    figures: list[Figure] = []
    failures: dict[str, str] = {}
    try:
        for name in names:
            print(f"{name}: {MEASUREMENTS[name].__doc__}", file=sys.stderr)
            try:
                figures += MEASUREMENTS[name](stage)
            except (AssertionError, OSError, RuntimeError) as failure:  # TimeoutError is an OSError
                failures[name] = str(failure) or type(failure).__name__
                print(f"{name} could not be measured: {failures[name]}", file=sys.stderr)
    finally:
        # also of a bench that was ended early: what it measured until then
        report(figures, failures, facts, stage, chosen.json)
        stage.close()
    return 1 if failures else MISSED if any(figure.is_met is False for figure in figures) else 0


def read_arguments() -> argparse.Namespace:
    """Read the command line; ends with 2 on wrong usage."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures what this project has goals for, and says which of them are met. Exit status: 0 all "
        "are met, 4 one is missed, 1 something could not be measured, 77 root is needed.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="what to measure (default: all but clean-build)")
    parser.add_argument("--list", action="store_true", help="name what can be measured")
    parser.add_argument("--runs", type=int, default=3, help="how often each (default: 3)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON, too")
    parser.add_argument(
        "--installer", type=Path, metavar="FILE", help="the installer (default: what scripts/build made)"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long to wait for a calm machine before each run (default: 60)",
    )
    parser.add_argument("--clean", action="store_true", help="measure the clean build as well (many minutes)")
    chosen = parser.parse_args()
    unknown = [name for name in chosen.names if name not in MEASUREMENTS]
    if unknown:
        parser.error(f"there is no {unknown[0]}; --list names what can be measured")
    if chosen.runs < 1:
        parser.error("--runs: at least 1")
    chosen.names = chosen.names or [name for name in MEASUREMENTS if name != "clean-build"]
    return chosen


def report(
    figures: list[Figure],
    failures: dict[str, str],
    facts: dict[str, str | int | float],
    stage: Stage,
    json_file: Path | None,
) -> None:
    """Print the table, and write the JSON where it is wanted."""
    if figures:
        print(render_table(figures))
    print(
        f"\n{facts['date']}, {facts['cores']} cores ({facts['processor']}), Linux {facts['kernel']}, "
        f"load before: {facts['load_before']:.2f}"
    )
    for name, busy in stage.calm.disturbed:
        print(f"Not calm: {name} began while others used {busy:.0%} of the machine.")
    for name, problem in failures.items():
        print(f"Not measured: {name}: {problem}")
    if json_file:
        data = {
            "host": facts,
            "installer": stage.installer.name,
            "figures": [figure.to_json() for figure in figures],
            "disturbed": [{"run": name, "busy": busy} for name, busy in stage.calm.disturbed],
            "not_measured": failures,
        }
        json_file.write_text(json.dumps(data, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
