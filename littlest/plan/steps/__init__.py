"""The vocabulary of a plan: each step is one intended change to the machine, as frozen data, and describes itself.

How a step is carried out is in `littlest.system.step_kinds`; nothing here does I/O.
"""

from dataclasses import dataclass
from pathlib import PurePosixPath as Path

from littlest.plan.steps.accounts import (
    EnsureGroup,
    EnsureSystemUser,
    RemoveSystemUser,
    SetGroupMembers,
    SetInitialPassword,
)
from littlest.plan.steps.base import Owned, Step
from littlest.plan.steps.files import (
    CloseSharedFolder,
    CopyCertificate,
    CreateEnvironment,
    EnsureSecret,
    EnsureSharedFolder,
    MakeDirectory,
    MakeLink,
    RemovePath,
    SecretKind,
    WriteEnvironmentFile,
    WriteFile,
)
from littlest.plan.steps.running import (
    EnableUnit,
    KeepSettings,
    ReloadHub,
    RemoveUnits,
    RunUnit,
    SetServerLimits,
    TryServer,
    WaitUntilReady,
)

__all__ = [
    "CloseSharedFolder",
    "CopyCertificate",
    "CreateEnvironment",
    "EnableUnit",
    "EnsureGroup",
    "EnsureSecret",
    "EnsureSharedFolder",
    "EnsureSystemUser",
    "KeepSettings",
    "MakeDirectory",
    "MakeLink",
    "Owned",
    "Plan",
    "Release",
    "ReloadHub",
    "RemovePath",
    "RemoveSystemUser",
    "RemoveUnits",
    "RunUnit",
    "SecretKind",
    "SetGroupMembers",
    "SetInitialPassword",
    "SetServerLimits",
    "Step",
    "TryServer",
    "WaitUntilReady",
    "WriteEnvironmentFile",
    "WriteFile",
]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the machine should be like: steps in the order in which they are done."""

    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Release:
    """The release that a plan is made for."""

    version: str
    directory: Path
