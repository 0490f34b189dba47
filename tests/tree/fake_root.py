"""A fake root that the real code fills: the account files of a fresh Debian, and a release with a small channel."""

import hashlib
import json
from pathlib import Path, PurePosixPath

from littlest.machine.machine import Machine
from littlest.plan.steps import Release
from tests.support.conda_package import write_package

RELEASE = Release("0.1.0", PurePosixPath("/opt/littlest/releases/0.1.0"))
PREFIX_PLACEHOLDER = "/a_placeholder_for_the_prefix_that_is_long_enough_to_be_replaced_by_any_prefix_that_a_test_has"


def make_tree(root: Path) -> Machine:
    for directory in ("etc/systemd/system", "usr/bin", "home", "run/lock", "var/lib", "var/log", "tmp"):
        (root / directory).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534::/:/usr/sbin/nologin\n")
    (root / "etc/group").write_text("root:x:0:\nnogroup:x:65534:\n")
    (root / "etc/shadow").write_text("root:*:1::::::\nnobody:*:1::::::\n")
    (root / "etc/gshadow").write_text("root:*::\nnogroup:*::\n")
    (root / "etc/login.defs").write_text("USERGROUPS_ENAB yes\nUID_MIN 1000\nUID_MAX 60000\nHOME_MODE 0755\n")
    release = root / str(RELEASE.directory)[1:]
    (release / "bin").mkdir(parents=True)
    (release / "bin/python").write_text("#!/bin/sh\necho release python\n")
    make_channel(release / "share/littlest/packages")
    return Machine(root)


def make_channel(channel: Path) -> None:
    """A channel of two packages: a program whose file names its prefix, and a library that it depends on."""
    (channel / "noarch").mkdir(parents=True)
    (channel / "linux-64").mkdir()
    program = f"#!{PREFIX_PLACEHOLDER}/bin/python\n".encode()
    packages = [
        write_package(channel / "linux-64", name, files, placeholder=PREFIX_PLACEHOLDER, depends=depends)
        for name, files, depends in (
            ("program", {"bin/program": program}, ("library",)),
            ("library", {"lib/library.txt": b"text\n"}, ()),
        )
    ]
    for subdir, found in (("linux-64", {file.name: entry for file, entry in packages}), ("noarch", {})):
        content = {"info": {"subdir": subdir}, "packages": found, "packages.conda": {}, "repodata_version": 1}
        (channel / subdir / "repodata.json").write_text(json.dumps(content))
    (channel / "environment.txt").write_text("# what a class needs\nprogram >=1\n")


def list_tree(machine: Machine) -> dict[str, str]:
    """Every path with its mode, owner, group and content, but locks, which are always left behind."""
    found = {}
    for path in sorted(machine.root.rglob("*")):
        name = str(path.relative_to(machine.root))
        state = path.lstat()
        if path.is_symlink():
            content = f"-> {path.readlink()}"
        elif path.is_file():
            content = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            content = "directory"
        if not name.endswith(".lock") and not name.startswith("etc/.") and not name.endswith("-"):
            found[name] = f"{state.st_mode:o} {state.st_uid}:{state.st_gid} {content}"
    return found
