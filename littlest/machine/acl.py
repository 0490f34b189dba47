"""POSIX access control lists, acl(5), as the kernel takes them in extended attributes: no command is needed."""

import errno
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce
from operator import or_

ACCESS = "system.posix_acl_access"
DEFAULT = "system.posix_acl_default"
"""Whatever is made in a directory inherits this list of it."""
READ, WRITE, EXECUTE = 4, 2, 1
_VERSION = 2
_USER_OBJ, _USER, _GROUP_OBJ, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
_NOBODY = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Acl:
    """Who may do what; each right is a sum of READ, WRITE and EXECUTE."""

    owner: int
    group: int
    groups: tuple[tuple[int, int], ...]
    """Number and right of each further group."""
    other: int = 0

    def get_right(self, gid: int) -> int:
        """Return the right of a further group, 0 when it is not in the list."""
        return dict(self.groups).get(gid, 0)


def encode_acl(acl: Acl) -> bytes:
    """Return the list as the kernel takes it, with a mask that limits nothing."""
    mask = reduce(or_, (right for _, right in acl.groups), acl.group)
    entries = [
        (_USER_OBJ, acl.owner, _NOBODY),
        (_GROUP_OBJ, acl.group, _NOBODY),
        *((_GROUP, right, gid) for gid, right in sorted(acl.groups)),
        (_MASK, mask, _NOBODY),
        (_OTHER, acl.other, _NOBODY),
    ]
    return struct.pack("<I", _VERSION) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def decode_acl(data: bytes) -> Acl:
    """Return the list that the kernel gives, with its mask applied. Raises ValueError for another format."""
    if len(data) < 4 or (len(data) - 4) % 8 or struct.unpack_from("<I", data)[0] != _VERSION:
        raise ValueError("not an access control list of this version")
    entries = list(struct.iter_unpack("<HHI", data[4:]))
    single = {tag: right for tag, right, _ in entries if tag not in (_USER, _GROUP)}
    mask = single.get(_MASK, READ | WRITE | EXECUTE)
    groups = tuple((gid, right & mask) for tag, right, gid in entries if tag == _GROUP)
    return Acl(single.get(_USER_OBJ, 0), single.get(_GROUP_OBJ, 0) & mask, groups, single.get(_OTHER, 0))


def read_acl(file: int, kind: str) -> Acl | None:
    """Return the list of an open file, None when it has none. Raises OSError on a file system without such lists."""
    try:
        return decode_acl(os.getxattr(file, kind))
    except OSError as error:
        if error.errno == errno.ENODATA:
            return None
        raise


def write_acl(file: int, acl: Acl, kinds: Iterable[str]) -> None:
    """Give an open file this list. Raises OSError on a file system without such lists."""
    for kind in kinds:
        os.setxattr(file, kind, encode_acl(acl))


def remove_acl(file: int, kinds: Iterable[str]) -> None:
    """Remove the lists of an open file, so that only its mode counts. Raises OSError."""
    for kind in kinds:
        try:
            os.removexattr(file, kind)
        except OSError as error:
            if error.errno != errno.ENODATA and not is_without_acls(error):
                raise


def is_without_acls(error: OSError) -> bool:
    """Whether the file system has no such lists, as those of memory sticks and some network shares."""
    return error.errno in (errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)
