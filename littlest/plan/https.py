"""What the proxy needs to serve https. Pure."""

from pathlib import PurePosixPath as Path

from littlest.config.model import Config
from littlest.plan.steps import CopyCertificate, Step


def make_certificate_steps(config: Config) -> tuple[Step, ...]:
    """Return the steps that give the proxy its certificate; none where https is off."""
    https = config.https
    return (CopyCertificate(Path(str(https.certificate)), Path(str(https.key))),) if https.enabled else ()
