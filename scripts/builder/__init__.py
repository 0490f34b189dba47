"""Makes the installer: the channel of packages, the payload, the bootstrap executable, the seal."""
