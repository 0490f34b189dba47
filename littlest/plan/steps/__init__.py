"""The vocabulary of a plan: each step is one intended change to the machine, as frozen data, and describes itself.

How a step is carried out is in `littlest.system.step_kinds`; nothing here does I/O.
"""

from littlest.plan.steps.accounts import EnsureGroup as EnsureGroup
from littlest.plan.steps.accounts import EnsureSystemUser as EnsureSystemUser
from littlest.plan.steps.accounts import RemoveSystemUser as RemoveSystemUser
from littlest.plan.steps.accounts import SetGroupMembers as SetGroupMembers
from littlest.plan.steps.accounts import SetInitialPassword as SetInitialPassword
from littlest.plan.steps.base import Owned as Owned
from littlest.plan.steps.base import Plan as Plan
from littlest.plan.steps.base import Release as Release
from littlest.plan.steps.base import Step as Step
from littlest.plan.steps.files import CloseSharedFolder as CloseSharedFolder
from littlest.plan.steps.files import CopyCertificate as CopyCertificate
from littlest.plan.steps.files import CreateEnvironment as CreateEnvironment
from littlest.plan.steps.files import EnsureSecret as EnsureSecret
from littlest.plan.steps.files import EnsureSharedFolder as EnsureSharedFolder
from littlest.plan.steps.files import MakeDirectory as MakeDirectory
from littlest.plan.steps.files import MakeLink as MakeLink
from littlest.plan.steps.files import RemovePath as RemovePath
from littlest.plan.steps.files import WriteEnvironmentFile as WriteEnvironmentFile
from littlest.plan.steps.files import WriteFile as WriteFile
from littlest.plan.steps.running import EnableUnit as EnableUnit
from littlest.plan.steps.running import KeepSettings as KeepSettings
from littlest.plan.steps.running import ReloadHub as ReloadHub
from littlest.plan.steps.running import RemoveUnits as RemoveUnits
from littlest.plan.steps.running import RunUnit as RunUnit
from littlest.plan.steps.running import SetServerLimits as SetServerLimits
from littlest.plan.steps.running import TryServer as TryServer
from littlest.plan.steps.running import WaitUntilReady as WaitUntilReady
