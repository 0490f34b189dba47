"""What goes into the user environment: the default set, or what a class's own file asks for."""

from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from builder.cache import RECIPES


def resolve_user_environment(user_env: Path | None) -> tuple[list[NormalizedName], str]:
    """The names asked for and the text of the lock; of recipes/user.{in,txt} where there is no file."""
    if user_env is not None:
        raise ValueError("not yet")
    lines = (RECIPES / "user.in").read_text().splitlines()
    asked = [canonicalize_name(Requirement(line).name) for line in lines if line and not line.startswith("#")]
    return asked, (RECIPES / "user.txt").read_text()
