"""Values that a person writes and a program needs: amounts of memory, addresses, paths, user names.

Pure functions. Each raises ValueError with a plain sentence about the value, without its subject: the configuration
loader puts the value before it ("lots is not an amount of memory; …").
"""

import re
from urllib.parse import unquote

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_BASE_URL = re.compile(r"(?:[A-Za-z0-9._~-]+/)*", re.ASCII)
_LONGEST_NAME = 255
"""Characters; what JupyterHub's database column `users.name` holds."""


def parse_bytes(amount: str) -> int:
    """Return an amount such as `1G`, `1.5 GB`, `512m` or `1073741824` in bytes; units are powers of 1024.

    The letters mean what they mean to JupyterHub's `ByteSpecification`. Raises ValueError.
    """
    match = _AMOUNT.fullmatch(amount.strip())
    if match is None:
        raise ValueError("is not an amount of memory; write one such as 512M or 2G")
    number, unit = match.groups()
    size = _UNITS.get(unit.upper(), 1)
    return int(number) * size if number.isdigit() else int(float(number) * size)


def render_bytes(count: int) -> str:
    """Return a number of bytes with the largest unit that divides it: 1610612736 becomes `1536M`."""
    for unit in reversed(_UNITS):
        if count and count % _UNITS[unit] == 0:
            return f"{count // _UNITS[unit]}{unit}"
    return str(count)


def parse_address(address: str) -> str:
    """Return an IP address in its usual spelling, or the empty text for every address. Raises ValueError."""
    if not address:
        return address
    # a tenth of this package's import time, and most servers leave the address empty
    import ipaddress  # noqa: PLC0415

    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    try:
        # an interface after the address (fe80::1%eth0) would be a specifier in a systemd unit
        return str(ipaddress.ip_address(bare.replace("%", " ")))
    except ValueError:
        if address == "localhost":
            advice = "write 127.0.0.1"
        elif address == "*":
            advice = 'write "" to listen on every address'
        else:
            advice = 'write one such as 192.0.2.10 or 2001:db8::1, or "" to listen on every address'
        raise ValueError(f"is not an IP address; {advice}") from None


def parse_base_url(path: str) -> str:
    """Return the path with a slash at both ends: `jupyter`, `/jupyter` and `/jupyter/` are one. Raises ValueError."""
    if "://" in path:
        raise ValueError("is a whole address; write only its path, such as /jupyter/")
    inner = path.strip("/")
    normal = f"{inner}/" if inner else ""
    if not _BASE_URL.fullmatch(normal) or any(part in (".", "..") for part in inner.split("/")):
        raise ValueError("may hold only letters, digits and . _ ~ - between single slashes, such as /jupyter/")
    return f"/{normal}"


def parse_user_name(name: str) -> str:
    """Return a hub user name as JupyterHub knows it: in lower case. Raises ValueError.

    The rules are those of JupyterHub's `Authenticator.normalize_username` and `validate_username`; a name that
    breaks them in a list of admins stops the hub at its start.
    """
    if not name.strip():
        raise ValueError("is an empty name")
    if name != name.strip():
        raise ValueError("has a space at its beginning or end")
    if "/" in name:
        raise ValueError("has a slash in it, which JupyterHub allows in no user name")
    if set(unquote(name)) == {"."}:
        raise ValueError("is made of dots only, which means something else in an address")
    if not name.isprintable():
        raise ValueError("has a character in it that cannot be seen")
    if len(name) > _LONGEST_NAME:
        raise ValueError(f"is longer than {_LONGEST_NAME} characters")
    return name.lower()
