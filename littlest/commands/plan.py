"""`littlest plan`: what `littlest apply` would do."""

from littlest.converge import find_differences, find_outlook, find_warnings
from littlest.errors import ExitCode
from littlest.machine.machine import Machine
from littlest.machine.root import check_root
from littlest.plan.changes import render_outlook
from littlest.plan.describe import make_step_data, render_step
from littlest.report import Report
from littlest.system.config_checks import load_active_config
from littlest.system.releases.current import read_current_release


def run_plan(machine: Machine) -> Report:
    """What would change, what it means to people, and the steps that are not so yet; exit code 4 when there are any.

    Changes nothing. Raises ConfigError when the configuration is not valid.
    """
    check_root(machine)
    config = load_active_config(machine)
    warnings = find_warnings(machine, config)
    steps = find_differences(machine, config, read_current_release(machine))
    outlook = find_outlook(machine, config, steps)
    data = {
        **outlook.make_data(),
        "steps": make_step_data(steps),
        "warnings": list(warnings),
    }
    if not steps and not outlook.changes:
        return Report(("Everything is as the settings say; there is nothing to do.", *warnings), data)
    sentences = (*render_outlook(outlook), *map(render_step, steps))
    lines = ("sudo littlest apply would:", *(f"  {line}" for line in sentences), *warnings)
    return Report(lines, data, ExitCode.DRIFT)
