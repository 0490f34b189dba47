"""TCP ports of the hub. Pure."""

from typing import Annotated

from pydantic import Field

from littlest.config.sections.kinds import Kind
from littlest.config.sections.values import REFUSED_BY_BROWSERS
from littlest.paths import HUB_PORT


def _check_port(port: int) -> int:
    if port == HUB_PORT:
        raise ValueError("is the port of the hub's own process; choose another")
    if port in REFUSED_BY_BROWSERS:
        raise ValueError("is a port that browsers refuse; choose another, such as 8000")
    return port


Port = Annotated[
    int,
    Field(ge=1, le=65535),
    Kind(_check_port, schema={"not": {"enum": sorted({HUB_PORT, *REFUSED_BY_BROWSERS})}}),
]
