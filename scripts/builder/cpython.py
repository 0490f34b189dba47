"""Makes the package `python`: CPython from the pristine source that Debian has, with its security patches.

The result finds its own library and its shared libraries wherever it lies, so nothing in it needs to be rewritten
but the few texts that say where it is.
"""

import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

from ruamel.yaml import YAML

from builder import debian
from builder.cache import (
    EPOCH,
    RECIPES,
    REPOSITORY,
    cache_folder,
    digest_of,
    digest_of_code,
    digest_of_files,
    lock,
    work_folder,
)
from builder.conda_package import PLACEHOLDER, PackageName, PackageSpec, write_package
from builder.progress import part

SERIES = "3.13"
RECIPE = RECIPES / "python"
BUILD_PACKAGES = (
    "gcc", "libc6-dev", "make", "patch", "patchelf", "pkg-config", "xz-utils",
    "libbz2-dev", "libexpat1-dev", "libffi-dev", "liblzma-dev", "libncurses-dev", "libreadline-dev", "libsqlite3-dev",
    "libssl-dev", "uuid-dev", "zlib1g-dev",
)  # fmt: skip
_CONFIGURED_PREFIX = "/opt/littlest/python"
_NEUTRAL_SOURCE = "/usr/src/python"
_LIBRARY = f"lib/python{SERIES}"
_BUNDLED = f"{_LIBRARY}/lib-bundled"
"""Not `lib/`: there a package of the same library from elsewhere would overwrite ours, or ours it."""
_FIXES = "ssl-sni-crash ssl-reference-leak dict-use-after-free traverse-managed-dicts".split()
"""Crashes that Debian fixed together with the CVEs, under no number of their own."""
_CONFIGURE = (
    f"--prefix={_CONFIGURED_PREFIX}",
    "--with-ensurepip=no",
    "--without-static-libpython",
    "--disable-test-modules",
    "--with-system-expat",
    "--enable-loadable-sqlite-extensions",
    "--with-tzpath=/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo",
    # whatever else the building machine has installed
    "py_cv_module__gdbm=n/a",
    "py_cv_module__dbm=n/a",
    "py_cv_module__tkinter=n/a",
)


def build_python() -> tuple[Path, Path]:
    """The package `python` and the folder with the same files, to run; both from the cache if it has them."""
    subprocess.run([REPOSITORY / "scripts" / "system-packages", *BUILD_PACKAGES], check=True)
    source = YAML(typ="safe").load(RECIPE / "source.yaml")
    digest = digest_of(
        digest_of_files(*sorted(RECIPE.iterdir())),
        digest_of_code("cpython", "conda_package", "compile_bytecode"),
        debian.find_versions(_find_runtime_packages()),
    )
    folder = cache_folder("cpython") / digest[:16]
    with lock(f"cpython-{digest[:16]}"):
        if not (folder / "complete").exists():
            _make(source, digest, folder)
    (package,) = folder.glob("*.conda")
    return package, folder / "tree"


def _find_runtime_packages() -> list[str]:
    """The Debian packages whose content ends up in ours: the compiler, the headers and the libraries behind them."""
    libraries = ["libbz2-1.0", "libexpat1", "libffi8", "liblzma5", "libncursesw6", "libreadline8", "libsqlite3-0"]
    return [*BUILD_PACKAGES, *libraries, "libssl3", "libtinfo6", "libuuid1", "zlib1g"]


def _make(source: dict[str, str], digest: str, folder: Path) -> None:
    files = debian.fetch_source(source["package"], source["files"])  # type: ignore[arg-type]
    shutil.rmtree(folder, ignore_errors=True)
    with work_folder("cpython") as work:
        with part("unpacking and patching CPython's source"):
            top = _unpack(files, work)
        with part("compiling CPython (some minutes, once)"):
            _compile(top, work)
        tree = work / "install" / _CONFIGURED_PREFIX.lstrip("/")
        with part("packing CPython"):
            _remove_unneeded(tree)
            _bundle_libraries(tree)
            texts = _relocate_texts(tree, work)
            script = Path(__file__).with_name("compile_bytecode.py")
            subprocess.run([tree / f"bin/python{SERIES}", "-I", "-S", script, tree / _LIBRARY], check=True, env=_environment())
            version = source["version"].split("-")[0]
            name = PackageName("python", version, f"h{digest[:7]}_0_cp{SERIES.replace('.', '')}")
            spec = PackageSpec(
                name, summary="CPython", license="PSF-2.0", home="https://www.python.org", rewritten=frozenset(texts)
            )
            folder.mkdir(parents=True)
            write_package(spec, tree, folder / f"{name.stem}.conda")
            tree.rename(folder / "tree")
    (folder / "complete").touch()


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(EPOCH),
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _run(command: list[str | Path], folder: Path, log: Path) -> None:
    with log.open("a") as stream:
        done = subprocess.run(command, cwd=folder, env=_environment(), stdout=stream, stderr=stream, check=False)
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-30:])
        raise ChildProcessError(f"{Path(command[0]).name} failed while making CPython:\n{tail}")


def _unpack(files: list[Path], work: Path) -> Path:
    for file in files:
        with tarfile.open(file) as archive:
            archive.extractall(work)  # checked by its sha256
    (top,) = work.glob("Python-*")
    series = (work / "debian/patches/series").read_text().split("\n")
    patches = [work / "debian/patches" / name for name in series if re.match(rf"(CVE-.*|{'|'.join(_FIXES)})\.patch$", name)]
    for patch in [*patches, *sorted(RECIPE.glob("*.patch"))]:
        # the patches of Debian's layout are not there, so lines are a little off
        _run(["patch", "-p1", "--fuzz=2", "--no-backup-if-mismatch", "-i", patch], top, work / "patch.log")
    return top


def _compile(top: Path, work: Path) -> None:
    build, log = work / "build", work / "build.log"
    build.mkdir()
    neutral = f"CFLAGS=-ffile-prefix-map={work}={_NEUTRAL_SOURCE}"
    _run([top / "configure", *_CONFIGURE, neutral], build, log)
    _run(["make", f"-j{os.cpu_count()}"], build, log)
    _run(["make", "install", f"DESTDIR={work / 'install'}"], build, log)


def _remove_unneeded(tree: Path) -> None:
    library = tree / _LIBRARY
    for cached in [*tree.rglob("__pycache__")]:
        shutil.rmtree(cached)
    for name in ("idlelib", "tkinter", "turtledemo", "test"):
        shutil.rmtree(library / name, ignore_errors=True)
    for file in [*tree.glob("bin/idle*"), *tree.glob(f"{_LIBRARY}/config-*/*.[ao]"), library / "turtle.py"]:
        file.unlink(missing_ok=True)
    (tree / "bin/python").symlink_to(f"python{SERIES}")


def _bundle_libraries(tree: Path) -> None:
    """Put the shared libraries of this machine beside those that need them, and tell them where to look."""
    bundled = tree / _BUNDLED
    bundled.mkdir()
    interpreter, extensions = tree / f"bin/python{SERIES}", sorted(tree.glob(f"{_LIBRARY}/lib-dynload/*.so"))
    for file in (interpreter, *extensions):
        subprocess.run(["strip", "--strip-unneeded", file], check=True)
    for library in sorted(_find_libraries([interpreter, *extensions])):
        owner = debian.find_owner(library)
        if owner in ("libc6", "libgcc-s1", "libstdc++6"):
            continue
        shutil.copyfile(library, bundled / library.name)
        (bundled / library.name).chmod(0o755)
        licenses = tree / "share/doc" / f"python-{owner}"
        licenses.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(Path("/usr/share/doc") / owner / "copyright", licenses / "copyright")
    for file, where in (
        (interpreter, f"$ORIGIN/../{_BUNDLED}"),
        *((extension, "$ORIGIN/../lib-bundled") for extension in extensions),
        *((library, "$ORIGIN") for library in sorted(bundled.iterdir())),
    ):
        subprocess.run(["patchelf", "--set-rpath", where, file], check=True)


def _find_libraries(files: list[Path]) -> set[Path]:
    listing = subprocess.run(["ldd", *files], capture_output=True, text=True, check=True).stdout
    if lacking := re.findall(r"(\S+) => not found", listing):
        raise FileNotFoundError(f"shared libraries that are not on this machine: {', '.join(sorted(set(lacking)))}")
    return {Path(path) for path in re.findall(r"=> (/\S+)", listing)}


def _relocate_texts(tree: Path, work: Path) -> list[str]:
    """Take this build's places out of the texts; returns those that are to name the prefix at install."""
    rewritten = []
    for file in sorted(file for file in tree.rglob("*") if file.is_file() and not file.is_symlink()):
        content = file.read_bytes()
        if b"\0" in content or not re.search(f"{_CONFIGURED_PREFIX}|{work}".encode(), content):
            continue
        text = content.decode().replace(f"-ffile-prefix-map={work}={_NEUTRAL_SOURCE}", "")
        text = text.replace(str(work), _NEUTRAL_SOURCE)
        if file.name.startswith("_sysconfigdata"):
            # a module: were it rewritten at install, its bytecode would go on saying the old place
            text += _FIND_PREFIX
        elif _CONFIGURED_PREFIX in text:
            text = text.replace(_CONFIGURED_PREFIX, PLACEHOLDER)
            rewritten.append(file.relative_to(tree).as_posix())
        file.write_text(text)
    return rewritten


_FIND_PREFIX = f"""
import sys
build_time_vars = {{
    name: value.replace({_CONFIGURED_PREFIX!r}, sys.base_prefix) if isinstance(value, str) else value
    for name, value in build_time_vars.items()
}}
"""
