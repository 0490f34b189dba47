"""One plain sentence for each step, as `littlest plan` and the progress lines show it."""

from littlest.plan.steps import (
    EnableUnit,
    EnsureGroup,
    EnsureSecret,
    EnsureSystemUser,
    LayDownEnvironment,
    MakeDirectory,
    MakeLink,
    RemovePath,
    RemoveSystemUser,
    RemoveUnits,
    RunUnit,
    SetInitialPassword,
    Step,
    WaitUntilReady,
    WriteEnvironmentFile,
    WriteFile,
)


def render_step(step: Step) -> str:  # noqa: PLR0911, PLR0912  # one line for each kind of step
    """What a step does, in words for a person."""
    match step:
        case EnsureGroup():
            return f"create the group {step.name}"
        case EnsureSystemUser():
            return f"create the system account {step.name}"
        case MakeDirectory():
            return f"make the directory {step.path} ({step.mode:04o}, {step.owner}:{step.group})"
        case WriteFile():
            return f"write {step.path}"
        case MakeLink():
            return f"link {step.path} to {step.target}"
        case EnsureSecret():
            return f"create the secret {step.path}"
        case WriteEnvironmentFile():
            return f"write {step.path}"
        case SetInitialPassword():
            return f"set a first password for {step.user}"
        case LayDownEnvironment():
            return f"lay down the user environment {step.prefix}"
        case EnableUnit():
            return f"start {step.unit} at every boot"
        case RunUnit():
            return f"start {step.unit}, or restart it with its new settings"
        case WaitUntilReady():
            return f"wait until the hub answers at {step.url}"
        case RemoveUnits():
            return f"stop {', '.join(step.units)}"
        case RemovePath():
            return f"remove {step.path}"
        case RemoveSystemUser():
            return f"remove the system account {step.name}"
