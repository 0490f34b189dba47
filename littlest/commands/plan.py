"""`littlest plan`: what `littlest apply` would do."""

from littlest.converge import check_root, find_differences, read_config
from littlest.errors import ExitCode
from littlest.plan.describe import render_step
from littlest.report import Report
from littlest.system.machine import Machine
from littlest.system.releases import read_current_release


def run_plan(machine: Machine) -> Report:
    """The steps that are not so yet; exit code 4 when there are any. Changes nothing.

    Raises ConfigError when the configuration is not valid.
    """
    check_root(machine)
    steps = find_differences(machine, read_config(machine), read_current_release(machine))
    sentences = tuple(render_step(step) for step in steps)
    data = {"steps": [{"kind": type(step).__name__, "does": render_step(step)} for step in steps]}
    if not steps:
        return Report(("Everything is as the settings say; there is nothing to do.",), data)
    return Report(("sudo littlest apply would:", *(f"  {line}" for line in sentences)), data, ExitCode.DRIFT)
