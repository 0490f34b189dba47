"""`littlest plan`: what `littlest apply` would do."""

from littlest.converge import check_root, find_differences, find_impact, find_warnings, read_checked_config
from littlest.errors import ExitCode
from littlest.machine.machine import Machine
from littlest.plan.describe import make_step_data
from littlest.plan.impact import render_impact
from littlest.report import Report
from littlest.system.releases.current import read_current_release


def run_plan(machine: Machine) -> Report:
    """What would change, what it means to people, and the steps that are not so yet; exit code 4 when there are any.

    Changes nothing. Raises ConfigError when the configuration is not valid.
    """
    check_root(machine)
    config = read_checked_config(machine)
    warnings = find_warnings(machine, config)
    steps = find_differences(machine, config, read_current_release(machine))
    impact = find_impact(machine, config, steps)
    data = {
        **impact.make_data(),
        "steps": make_step_data(steps),
        "warnings": list(warnings),
    }
    if not steps and not impact.changes:
        return Report(("Everything is as the settings say; there is nothing to do.", *warnings), data)
    sentences = (*render_impact(impact), *(step.describe() for step in steps))
    lines = ("sudo littlest apply would:", *(f"  {line}" for line in sentences), *warnings)
    return Report(lines, data, ExitCode.DRIFT)
