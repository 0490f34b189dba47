"""Values that a person writes and a program needs: amounts of memory, addresses, paths, user names.

Pure functions. Each raises ValueError with a plain sentence about the value, without its subject: the configuration
loader puts the value before it ("lots is not an amount of memory; …").
"""

import re
import unicodedata

# The JSON schema takes these as they are, so they are written in what Python's and JavaScript's expressions share:
# no flags, and ASCII classes spelt out.
AMOUNT = r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGTkmgt]?)(?:[iI]?[bB])?\s*"
SHARE = r"\s*([0-9]+(?:\.[0-9]+)?)\s*%\s*"
_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+"
BASE_URL = rf"/*(?:{_SEGMENT}(?:/{_SEGMENT})*)?/*"
_PORT = "(?:[0-9]{1,4}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_ORIGIN = rf"[Hh][Tt][Tt][Pp][Ss]?://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::{_PORT})?"
_HERE = r"(?:[Ll][Oo][Cc][Aa][Ll][Hh][Oo][Ss][Tt]|127\.0\.0\.1|\[::1\])"
URL = rf"{_ORIGIN}(?:[/?][!-\"$-~]*)?"
ORIGIN = (
    rf"(?:[Hh][Tt][Tt][Pp][Ss]://(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])|[Hh][Tt][Tt][Pp]://{_HERE})(?::{_PORT})?/?"
)
PUBLIC_URL = rf"({_ORIGIN})(/+(?:{_SEGMENT}(?:/{_SEGMENT})*)?/*)?"
_VISIBLE = r"[^\u0000-\u001f\u007f-\u00a0]"
FILE_PATH = rf"(?!(?:.*/)?\.\.(?:/|$))/{_VISIBLE}*"
FOLDER = rf"(?!(?:.*/)?\.\.(?:/|$))(?!~){_VISIBLE}*"
GROUP_NAME = "[a-z0-9][a-z0-9-]{0,62}"
USER_NAME = r"(?!(?:\.|%2[Ee])+$)(?! )(?!.* $)[^/\u0000-\u001f\u007f-\u00a0]+"
VARIABLE_VALUE = r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]*"
"""Without control characters, for which systemd would leave the variable out."""
VISIBLE_TEXT = r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ud800-\udfff\ufeff]{0,60}"
"""A line without control characters, and without those that turn the direction of writing or have no width."""
_LONGEST_VARIABLE = 100_000
"""Bytes; the kernel starts no program with a longer one than 131072."""
LEAST_MEMORY = "128M"
"""A notebook server with one kernel does not start in less."""
_LOOK_ALIKE = {"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"}
"""Alphabets with letters that look the same, as their letters' Unicode names begin."""
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that show nothing, though Python calls them printable."""
REFUSED_BY_BROWSERS = frozenset(
    {
        *(1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104),
        *(109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515),
        *(526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049),
        *(3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080),
    }
)
"""The bad ports of https://fetch.spec.whatwg.org/#port-blocking."""
LONGEST_USER_NAME = 255
"""Characters; what JupyterHub's database column `users.name` holds."""
DOMAIN = r"(?=.{1,253}$)(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])"

_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def match(pattern: str, text: str, problem: str) -> str:
    """Return a text that matches a pattern as a whole. Raises ValueError with the problem."""
    if not re.fullmatch(pattern, text):
        raise ValueError(problem)
    return text


def parse_bytes(amount: str) -> int:
    """Return an amount such as `1G`, `1.5 GB`, `512m` or `1073741824` in bytes; units are powers of 1024.

    The letters mean what they mean to JupyterHub's `ByteSpecification`. Raises ValueError.
    """
    match = re.fullmatch(AMOUNT, amount)
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
    if not re.fullmatch(BASE_URL, path):
        raise ValueError("may hold only letters, digits and . _ ~ - between single slashes, such as /jupyter/")
    inner = path.strip("/")
    return f"/{inner}/" if inner else "/"


def parse_user_name(name: str) -> str:
    """Return a hub user name as JupyterHub knows it: in lower case. Raises ValueError.

    The rules are those of JupyterHub's `Authenticator.normalize_username` and `validate_username`; a name that
    breaks them in a list of admins stops the hub at its start.
    """
    if not name.strip():
        raise ValueError("is an empty name")
    if name.endswith(("\r", "\n")):
        raise ValueError("has a line break at its end, as files from Windows do")
    if name != name.strip():
        raise ValueError("has a space at its beginning or end")
    if "/" in name:
        raise ValueError("contains a slash, which JupyterHub does not allow in a user name")
    if re.fullmatch(r"(?:\.|%2[Ee])+", name):
        raise ValueError("is made of dots only, which means something else in an address")
    if not name.isprintable() or _INVISIBLE.search(name):
        raise ValueError("contains an invisible character")
    if len(name) > LONGEST_USER_NAME:
        raise ValueError(f"is longer than {LONGEST_USER_NAME} characters")
    _check_looks(name)
    return name.lower()


def parse_group_name(name: str) -> str:
    """Return the name of a group. Raises ValueError."""
    rule = "must be small letters, digits and dashes, such as 9b or biology-101"
    return match(GROUP_NAME, name, f"{rule}; at most 63, and no dash at the beginning")


def _check_looks(name: str) -> None:
    """Raise ValueError for a name that a person could take for another one, such as an admin's."""
    plain = unicodedata.normalize("NFKC", name)
    if plain != name:
        raise ValueError(f"has characters that look like others; write {plain}")
    alphabets = {unicodedata.name(letter, "").partition(" ")[0] for letter in name if letter.isalpha()}
    if len(alphabets & _LOOK_ALIKE) > 1:
        mixed = " and ".join(sorted(alphabet.capitalize() for alphabet in alphabets & _LOOK_ALIKE))
        raise ValueError(f"mixes {mixed} letters, some of which look the same; use one alphabet")


def parse_share_or_bytes(amount: str) -> str:
    """Return an amount of memory, or a share of the machine's such as `90%`, in its shortest spelling.

    Raises ValueError. The share's base is what systemd's `MemoryMax=` takes a percentage of: the memory that is
    installed.
    """
    match = re.fullmatch(SHARE, amount)
    if match is None:
        try:
            return render_bytes(parse_bytes(amount))
        except ValueError:
            raise ValueError("is not an amount of memory; write one such as 4G, or a share such as 80%") from None
    share = float(match[1])
    if share > 100:
        raise ValueError("is more than the whole machine; give at most 100%")
    return f"{share:g}%"


def parse_network(network: str) -> str:
    """Return an IP address or network in its usual spelling: `192.0.2.10` or `10.0.0.0/8`. Raises ValueError."""
    import ipaddress  # noqa: PLC0415  # see parse_address

    try:
        found = ipaddress.ip_network(network.replace("%", " "), strict=False)
    except ValueError:
        raise ValueError("is not an IP address or network; write one such as 192.0.2.10 or 10.0.0.0/8") from None
    return str(found.network_address) if found.num_addresses == 1 else str(found)


def parse_server_url(url: str) -> str:
    """Return an http or https address without a slash at its end. Raises ValueError.

    It has a host, and neither a user, a space nor a fragment.
    """
    return match(URL, url, "is not an address; write one such as https://www.example.org/page").rstrip("/")


def parse_public_url(url: str) -> str:
    """Return the address under which people reach a hub, with a slash at its end; empty for none.

    Raises ValueError.
    """
    if not url:
        return url
    match = re.fullmatch(PUBLIC_URL, url)
    if match is None:
        if re.fullmatch(URL, url) and "?" not in url:
            raise ValueError("has a path with more than letters, digits and . _ ~ - between single slashes")
        raise ValueError("is not an address; write one such as https://jupyter.example.org/")
    port = re.search(":([0-9]+)$", match[1])
    if port and int(port[1]) in REFUSED_BY_BROWSERS:
        raise ValueError("has a port that browsers refuse; choose another, such as 8443")
    return f"{match[1]}{parse_base_url(match[2] or '')}"


def parse_origin(origin: str) -> str:
    """Return the scheme, host and port of a web site as browsers write them: `https://moodle.example.org`.

    Raises ValueError.
    """
    if "*" in origin:
        raise ValueError(
            "would let sites that you do not know show the hub, and trick users into clicks; name each site"
        )
    if not re.fullmatch(ORIGIN, origin):
        if re.fullmatch(ORIGIN, origin.replace("http:", "https:", 1)):
            raise ValueError("is not https, so anybody on the way could change its pages")
        if re.fullmatch(URL, origin) or "://" not in origin:
            raise ValueError("must be scheme and name only, such as https://moodle.example.org")
        raise ValueError("is not the address of a web site; write one such as https://moodle.example.org")
    scheme, _, host = origin.lower().rstrip("/").partition("://")
    return f"{scheme}://{host.removesuffix({'http': ':80', 'https': ':443'}[scheme])}"


def parse_file_path(path: str) -> str:
    """Return an absolute path without `.` and `..`. Raises ValueError."""
    if not path.startswith("/"):
        raise ValueError("is not an absolute path; write one that begins with /")
    if not re.fullmatch(FILE_PATH, path) or not path.isprintable():
        raise ValueError("may not contain .. or invisible characters")
    return "/" + "/".join(part for part in path.split("/") if part not in ("", "."))


def parse_folder(folder: str) -> str:
    """Return a folder below a home, or an absolute path; empty for the home itself. Raises ValueError."""
    if not re.fullmatch(FOLDER, folder) or not folder.isprintable():
        raise ValueError("must be a folder below the home, such as notebooks, or an absolute path that begins with /")
    return folder.rstrip("/") or folder[:1]


def parse_domain(domain: str) -> str:
    """Return a domain name in lower case. Raises ValueError."""
    return match(DOMAIN, domain, "is not a domain; write one such as jupyter.example.org").lower()


def parse_variable_value(value: str) -> str:
    """Return the value of an environment variable. Raises ValueError for one that no program can be started with."""
    match(VARIABLE_VALUE, value, "has a character in it that no environment variable may have")
    if len(value.encode()) > _LONGEST_VARIABLE:
        raise ValueError(f"is longer than {_LONGEST_VARIABLE} bytes; put it into a file")
    return value
