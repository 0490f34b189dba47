"""From construct.yaml and its channels to the files in `dist/`: everything after the channels are there."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from builder.bootstrap import build_bootstrap
from builder.cache import REPOSITORY, cache_folder, digest_of, digest_of_code, digest_of_files, hash_file, work_folder
from builder.construct import Construct, ConstructError
from builder.packer import Package, Payload, measure_packages, pack, read_channel, solve_packages, write_packages_tar
from builder.progress import part
from builder.sbom import render_checksum, render_package_list, render_sbom
from builder.seal import read_constructor_payload, seal

HEADER = REPOSITORY / "construct" / "header.sh"
PREFLIGHT = REPOSITORY / "construct" / "preflight.sh"
PACKAGES_TAR = "packages.tar"
KEPT = 4
"""Installers kept in the cache; the oldest go."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """What is in the output folder in the end."""

    installer: Path

    @property
    def checksum(self) -> Path:
        """In the form of `sha256sum -c`."""
        return self.installer.with_name(self.installer.name + ".sha256")

    @property
    def package_list(self) -> Path:
        """What is inside, one package a line."""
        return self.installer.with_name(self.installer.name + ".packages.txt")

    @property
    def sbom(self) -> Path:
        """CycloneDX."""
        return self.installer.with_name(self.installer.name + ".sbom.json")

    def all(self) -> tuple[Path, ...]:
        """Every file, the installer first."""
        return (self.installer, self.checksum, self.package_list, self.sbom)


def make_outputs(construct: Construct, user_channel: Path, folder: Path) -> Outputs:
    """Make the installer and the files next to it in `folder`, from the cache where nothing changed.

    The user environment's channel goes into `packages.tar` where construct.yaml looks for it.
    """
    with part("bootstrap executable"):
        bootstrap = build_bootstrap()
    with part("solving the hub environment"):
        packages = solve_packages(construct)
    kept = cache_folder("installers") / _digest_inputs(construct, packages, user_channel, bootstrap)
    if not kept.is_dir():
        with work_folder("installer") as work:
            (work / "out").mkdir()
            outputs = Outputs(work / "out" / construct.file_name)
            _make(construct, packages, user_channel=user_channel, bootstrap=bootstrap, outputs=outputs)
            (work / "out").rename(kept)
        _prune(kept)
    folder.mkdir(parents=True, exist_ok=True)
    outputs = Outputs(folder / construct.file_name)
    with part(f"writing {outputs.installer}"):
        for path in outputs.all():
            partial = path.with_name(path.name + ".part")
            shutil.copy(kept / path.name, partial)
            partial.rename(path)
    return outputs


def _make(
    construct: Construct, packages: tuple[Package, ...], *, user_channel: Path, bootstrap: Path, outputs: Outputs
) -> None:
    with part("packing"):
        tars = [source for source, _ in construct.extra_files if source.name == PACKAGES_TAR]
        for tar in tars:
            tar.parent.mkdir(parents=True, exist_ok=True)
            write_packages_tar(user_channel, packages, tar)
        user_packages = read_channel(user_channel) if tars else ()
        payload = pack(construct, packages, user_packages, bootstrap, outputs.installer.parent.parent)
    with part("sealing"):
        _seal(construct, payload, outputs)


def seal_constructors(construct: Construct, installer: Path, user_channel: Path, folder: Path) -> Outputs:
    """Put our header before the payload of an installer that conda-constructor made from the same construct.yaml."""
    folder.mkdir(parents=True, exist_ok=True)
    outputs = Outputs(folder / construct.file_name)
    if outputs.installer.resolve() == installer.resolve():
        raise ConstructError(f"{installer} would be overwritten: build it elsewhere, or name another --output")
    with part("sealing"), work_folder("seal") as work:
        payload = read_constructor_payload(installer, work)
        user_packages = read_channel(user_channel)
        size, files = measure_packages(package.archive for package in user_packages)
        extra = sum(source.stat().st_size for source, _ in construct.extra_files)
        payload = replace(
            payload,
            installed_bytes=payload.installed_bytes + extra,
            user_packages=user_packages,
            user_bytes=size,
            user_files=files,
        )
        _seal(construct, payload, outputs)
    return outputs


def _seal(construct: Construct, payload: Payload, outputs: Outputs) -> None:
    seal(construct, payload, HEADER, PREFLIGHT, outputs.installer)
    digest = hash_file(outputs.installer)
    outputs.checksum.write_text(render_checksum(digest, outputs.installer))
    outputs.package_list.write_text(render_package_list(construct, payload))
    outputs.sbom.write_text(render_sbom(construct, payload, digest))


def _digest_inputs(construct: Construct, packages: tuple[Package, ...], user_channel: Path, bootstrap: Path) -> str:
    others = [source for source, _ in construct.extra_files if source.name != PACKAGES_TAR]
    return digest_of(
        digest_of_files(construct.path, construct.post_install, HEADER, PREFLIGHT, bootstrap, *others),
        digest_of_code("construct", "packer", "seal", "sbom", "contents", "outputs"),
        [package.record for package in (*packages, *read_channel(user_channel))],
        (user_channel / "environment.txt").read_text(),
    )


def _prune(newest: Path) -> None:
    others = [path for path in newest.parent.iterdir() if path != newest]
    for path in sorted(others, key=lambda path: path.stat().st_mtime)[: 1 - KEPT]:
        shutil.rmtree(path)
