"""Builds the installer. Called as scripts/build."""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from builder.cache import REPOSITORY, lock
from builder.construct import ConstructError, read_construct
from builder.outputs import Outputs, make_outputs, seal_constructors
from builder.packer import write_packages_tar
from builder.progress import part, say
from builder.seal import SealError

CONSTRUCT_FILE = REPOSITORY / "construct" / "construct.yaml"

CONSTRUCTOR = "CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY=0 constructor construct --output-dir build/constructor"
"""As README.md and environment.yml say it, too."""


def main() -> int:
    """Build, or say where the installer is; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="scripts/build",
        description="Builds the installer: the conda channels, the payload, the sealed .sh with its checksum, its"
        " list of packages and its bill of materials. What did not change comes from the cache (LITTLEST_CACHE).",
    )
    parser.add_argument(
        "--user-env",
        type=Path,
        metavar="FILE",
        help="environment.yml or requirements.txt with what the users get instead of the default set",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", default=REPOSITORY / "dist", help="default: dist/")
    parser.add_argument("--channel-only", action="store_true", help="stop when conda-constructor could take over")
    parser.add_argument(
        "--from-constructor", type=Path, metavar="FILE", help="take the payload out of what conda-constructor built"
    )
    parser.add_argument("--print-path", action="store_true", help="only print where the .sh is or will be")
    asked = parser.parse_args()
    try:
        construct = read_construct(CONSTRUCT_FILE)
        if asked.print_path:
            print(asked.output.absolute() / construct.file_name)
            return 0
        start = time.monotonic()
        with lock("build"):
            build(asked)
    except (ConstructError, SealError, subprocess.CalledProcessError, OSError, ValueError) as error:
        print(f"scripts/build: {error}", file=sys.stderr)
        return 1
    say(f"all of it: {time.monotonic() - start:.1f} s")
    return 0


def build(asked: argparse.Namespace) -> None:
    """Build what was asked for and print the paths of what was made."""
    from builder.channel import build_hub_channel, build_user_channel  # noqa: PLC0415  # --print-path needs none of it

    construct = read_construct(CONSTRUCT_FILE)
    hub_channel, user_channel = construct.channels[0], REPOSITORY / "build" / "user-channel"
    folder = asked.output.absolute()
    if asked.from_constructor:
        print_outputs(seal_constructors(construct, asked.from_constructor, user_channel, folder))
        return
    with part("channels"):
        build_hub_channel(hub_channel)
        build_user_channel(user_channel, asked.user_env)
    if asked.channel_only:
        # constructor solves for itself, so nothing is known to travel with the hub environment
        write_packages_tar(user_channel, (), REPOSITORY / "build" / "packages.tar")
        print(f"{hub_channel}\n{REPOSITORY / 'build' / 'packages.tar'}")
        say(f"next: {CONSTRUCTOR}")
        say("without that variable, conda asks for pip, which our channel does not have, and nothing is solved")
        return
    print_outputs(make_outputs(construct, user_channel, folder))


def print_outputs(outputs: Outputs) -> None:
    """Say how large the installer is, and print the paths for whoever called."""
    size = outputs.installer.stat().st_size / 1e6
    say(f"{outputs.installer.name} has {size:.1f} MB")
    print("\n".join(str(path) for path in outputs.all()))


if __name__ == "__main__":
    sys.exit(main())
