"""`littlest plan`: what `littlest apply` would do."""

from littlest.converge import check_root, find_differences, read_config
from littlest.errors import ExitCode
from littlest.plan.describe import find_warnings, render_step
from littlest.report import Report
from littlest.system.machine import Machine
from littlest.system.releases import read_current_release


def run_plan(machine: Machine) -> Report:
    """The steps that are not so yet; exit code 4 when there are any. Changes nothing.

    Raises ConfigError when the configuration is not valid.
    """
    check_root(machine)
    config = read_config(machine)
    warnings = find_warnings(config)
    steps = find_differences(machine, config, read_current_release(machine))
    sentences = tuple(render_step(step) for step in steps)
    data = {
        "steps": [{"kind": type(step).__name__, "does": render_step(step)} for step in steps],
        "warnings": list(warnings),
    }
    if not steps:
        return Report(("Everything is as the settings say; there is nothing to do.", *warnings), data)
    lines = ("sudo littlest apply would:", *(f"  {line}" for line in sentences), *warnings)
    return Report(lines, data, ExitCode.DRIFT)
