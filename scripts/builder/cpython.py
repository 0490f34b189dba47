"""Makes the package `python` of what was compiled, so that it works wherever it lies.

It finds its own library and its shared libraries by where it is; only a few texts that say where it is are rewritten
at install.
"""

import platform
import re
import shutil
import subprocess
from pathlib import Path

from ruamel.yaml import YAML

from builder import debian
from builder.cache import REPOSITORY, cache_folder, digest_of, digest_of_code, lock, work_folder
from builder.compile_cpython import BUILD_PACKAGES, CONFIGURED_PREFIX, RECIPE, compile_python
from builder.conda_package import PLACEHOLDER, PackageName, PackageSpec, write_package
from builder.contents import DEBIAN_NOTE
from builder.locks import GLIBC_MINOR
from builder.progress import part

SERIES = "3.13"
_CODE = digest_of_code("cpython", "conda_package", "compile_bytecode", "debian")
_LIBRARY = f"lib/python{SERIES}"
_BUNDLED = f"{_LIBRARY}/lib-bundled"
"""Not `lib/`: there a package of the same library from elsewhere would overwrite ours, or ours it."""


def build_python() -> tuple[Path, Path]:
    """The package `python` and a folder with the same files, to run; both from the cache if it has them."""
    _prepare_machine()
    source = YAML(typ="safe").load(RECIPE / "source.yaml")
    compiled, digest = compile_python(source["files"])
    digest = digest_of(digest, _CODE)
    version = source["version"].split("-")[0]
    # conda-forge's python_abi, which its packages need, accepts only builds that end like this
    name = PackageName("python", version, f"h{digest[:8]}_0_cp{SERIES.replace('.', '')}")
    package = cache_folder("packages") / f"{name.stem}.conda"
    tree = cache_folder("cpython") / f"packed-{digest[:16]}"
    with lock("cpython-package"):
        if not (package.exists() and tree.exists()):
            with part("packing CPython"):
                _pack(compiled, name, package, tree, source["version"])
    return package, tree


def _prepare_machine() -> None:
    """Install what compiling needs; raises ValueError where what is compiled would not start on the oldest server."""
    version = platform.libc_ver()[1]
    if version and int(version.split(".")[1]) > GLIBC_MINOR:
        raise ValueError(
            f"this machine has glibc {version}, and what is compiled here would not start on servers with an older "
            f"one: build on Debian 12 (glibc 2.{GLIBC_MINOR})"
        )
    done = subprocess.run([REPOSITORY / "scripts" / "system-packages", *BUILD_PACKAGES], check=False)
    if done.returncode != 0:
        raise ChildProcessError("CPython cannot be compiled without these Debian packages")


def _pack(compiled: Path, name: PackageName, package: Path, target: Path, source: str) -> None:
    with work_folder("cpython") as work:
        tree = work / "tree"
        shutil.copytree(compiled, tree, symlinks=True)
        _remove_unneeded(tree)
        _bundle_libraries(tree)
        note = tree / "share/doc/python" / DEBIAN_NOTE
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(f"python{SERIES} {source} python{SERIES} {debian.RELEASE}\n")
        rewritten = _relocate_texts(tree)
        script = Path(__file__).with_name("compile_bytecode.py")
        environment = {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(
            [tree / f"bin/python{SERIES}", "-I", "-S", script, tree / _LIBRARY], check=True, env=environment
        )
        spec = PackageSpec(
            name, summary="CPython", license="PSF-2.0", home="https://www.python.org", rewritten=frozenset(rewritten)
        )
        write_package(spec, tree, package)
        shutil.rmtree(target, ignore_errors=True)
        tree.rename(target)


def _remove_unneeded(tree: Path) -> None:
    library = tree / _LIBRARY
    for name in ("idlelib", "tkinter", "turtledemo", "test"):
        shutil.rmtree(library / name, ignore_errors=True)
    for file in [*tree.glob("bin/idle*"), *tree.glob(f"{_LIBRARY}/config-*/*.[ao]"), library / "turtle.py"]:
        file.unlink(missing_ok=True)
    (tree / "bin/python").symlink_to(f"python{SERIES}")


def _bundle_libraries(tree: Path) -> None:
    """Put the shared libraries of this machine next to those that need them, and tell them where to look."""
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
        (licenses / DEBIAN_NOTE).write_text(debian.describe_package(owner))
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


def _relocate_texts(tree: Path) -> list[str]:
    """Put the placeholder where the texts say the prefix; returns those that are to be rewritten at install."""
    rewritten = []
    for file in sorted(file for file in tree.rglob("*") if file.is_file() and not file.is_symlink()):
        content = file.read_bytes()
        if b"\0" in content or CONFIGURED_PREFIX.encode() not in content:
            continue
        text = content.decode()
        if file.name.startswith("_sysconfigdata"):
            # a module: were it rewritten at install, its bytecode would go on saying the old place
            text += _FIND_PREFIX
        else:
            text = text.replace(CONFIGURED_PREFIX, PLACEHOLDER)
            rewritten.append(file.relative_to(tree).as_posix())
        file.write_text(text)
    return rewritten


_FIND_PREFIX = f"""
import sys
build_time_vars = {{
    name: value.replace({CONFIGURED_PREFIX!r}, sys.base_prefix) if isinstance(value, str) else value
    for name, value in build_time_vars.items()
}}
"""
