"""The vocabulary of a plan: each step is one intended change to the machine, as frozen data, and describes itself.

How a step is carried out is in `littlest.system.step_kinds`; nothing here does I/O.
"""

from littlest.plan.steps.account_steps import EnsureGroup as EnsureGroup
from littlest.plan.steps.account_steps import EnsureSystemUser as EnsureSystemUser
from littlest.plan.steps.account_steps import RemoveSystemUser as RemoveSystemUser
from littlest.plan.steps.account_steps import SetGroupMembers as SetGroupMembers
from littlest.plan.steps.account_steps import SetInitialPassword as SetInitialPassword
from littlest.plan.steps.file_steps import CloseSharedFolder as CloseSharedFolder
from littlest.plan.steps.file_steps import CopyCertificate as CopyCertificate
from littlest.plan.steps.file_steps import CopyLogo as CopyLogo
from littlest.plan.steps.file_steps import CreateEnvironment as CreateEnvironment
from littlest.plan.steps.file_steps import EnsureSecret as EnsureSecret
from littlest.plan.steps.file_steps import EnsureSharedFolder as EnsureSharedFolder
from littlest.plan.steps.file_steps import MakeDirectory as MakeDirectory
from littlest.plan.steps.file_steps import MakeLink as MakeLink
from littlest.plan.steps.file_steps import RemovePath as RemovePath
from littlest.plan.steps.file_steps import WriteEnvironmentFile as WriteEnvironmentFile
from littlest.plan.steps.file_steps import WriteFile as WriteFile
from littlest.plan.steps.file_steps import WriteProxyPage as WriteProxyPage
from littlest.plan.steps.step import Owned as Owned
from littlest.plan.steps.step import Plan as Plan
from littlest.plan.steps.step import Release as Release
from littlest.plan.steps.step import Step as Step
from littlest.plan.steps.unit_steps import EnableUnit as EnableUnit
from littlest.plan.steps.unit_steps import KeepSettings as KeepSettings
from littlest.plan.steps.unit_steps import ReloadHub as ReloadHub
from littlest.plan.steps.unit_steps import RemoveUnits as RemoveUnits
from littlest.plan.steps.unit_steps import RunUnit as RunUnit
from littlest.plan.steps.unit_steps import SetServerLimits as SetServerLimits
from littlest.plan.steps.unit_steps import TryServer as TryServer
from littlest.plan.steps.unit_steps import WaitUntilReady as WaitUntilReady
