"""The rules of the code's architecture, read from its imports: a rule that nothing checks is a wish."""

import ast
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "littlest"
MODULES = {
    ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
    for file in sorted(PACKAGE.rglob("*.py"))
}

# imports run one way: a layer may import those below it, and itself
LAYERS: dict[str, tuple[str, ...]] = {
    "littlest.__main__": ("cli",),
    "littlest.cli": (
        "commands",
        "machine",
        "config.reference.completion",
        "config.text.problems",
        "skipped_imports",
        "report",
        "errors",
    ),
    "littlest.commands": (
        "rollback",
        "transaction",
        "situation",
        "health",
        "converge",
        "system",
        "machine",
        "plan",
        "config",
        "report",
        "errors",
        "paths",
    ),
    "littlest.health": (
        "converge",
        "server.extensions",
        "system",
        "machine",
        "plan",
        "config",
        "report",
        "errors",
        "paths",
    ),
    "littlest.rollback": ("transaction", "converge", "system", "machine", "plan", "config", "errors", "paths"),
    # of any change at all: it knows neither settings nor plans
    "littlest.transaction": ("machine.signals",),
    "littlest.situation": ("system", "machine", "plan", "config", "errors", "paths"),
    "littlest.converge": ("system", "machine", "plan", "config"),
    "littlest.hub": (
        "system",
        "machine",
        "plan",
        "config",
        "server.working_directory",
        "server.plain_shell",
        "server.start_failure",
        "skipped_imports",
        "errors",
        "paths",
    ),
    "littlest.server": ("skipped_imports",),
    "littlest.system": ("machine", "plan", "config", "errors", "paths"),
    "littlest.machine": ("errors", "paths"),
    "littlest.plan": ("config", "errors", "paths"),
    "littlest.config": ("errors", "paths"),
    "littlest.skipped_imports": (),
    "littlest.report": ("errors",),
    "littlest.errors": (),
    "littlest.paths": (),
    "littlest": (),
}
COMMAND_LINE = {name for name in MODULES if name.startswith("littlest.cli")}
MODULES_THAT_TOUCH_THE_WORLD = frozenset(
    {
        "os",
        "shutil",
        "socket",
        "subprocess",
        "tempfile",
        "time",
        "random",
        "secrets",
        "urllib.request",
        "http",
        "asyncio",
    }
)
PURE = ("littlest.plan", "littlest.config")
TOUCHING_METHODS = frozenset(
    {"open", "read_text", "read_bytes", "write_text", "write_bytes", "stat", "exists", "is_file", "is_dir", "iterdir"}
)
"""Of paths; in a pure module nothing may have a method of such a name."""
# the texts of unit files and pages that the package carries are as constant as its code
READS_OWN_TEMPLATES = (("littlest.plan.unit_files", "read_text"), ("littlest.plan.proxy_pages", "read_text"))
MOST_LINES = 300
MOST_FUNCTION_LINES = 40


@cache
def parse_module(module: str) -> ast.Module:
    """Parse a module's source, once for all rules."""
    return ast.parse(MODULES[module].read_text())


def list_imports(module: str) -> Iterator[tuple[str, int]]:
    for node in ast.walk(parse_module(module)):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}:{node.lineno}: imports are absolute"
            for name in node.names:
                full = f"{node.module}.{name.name}"
                yield (full if full in MODULES else str(node.module)), node.lineno


def find_layer(module: str) -> str:
    parts = module.split(".")
    return next(name for length in range(len(parts), 0, -1) if (name := ".".join(parts[:length])) in LAYERS)


def is_within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module: str) -> None:
    layer = find_layer(module)
    allowed = [f"littlest.{name}" for name in LAYERS[layer]]
    # the package itself holds only the version
    allowed += [layer] if layer != "littlest" else []
    for imported, line in list_imports(module):
        if is_within(imported, "littlest") and imported != "littlest":
            assert any(is_within(imported, name) for name in allowed), (
                f"{MODULES[module]}:{line}: {layer} may not import {imported}"
            )


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("littlest.commands.")])
def test_a_command_imports_no_other_command(module: str) -> None:
    own = {"littlest.commands", "littlest.commands.config", "littlest.commands.user"}
    others = [name for name, _ in list_imports(module) if name.startswith("littlest.commands.") and name not in own]
    assert not others, f"what commands share is not in {others}: it belongs into a layer below"


@pytest.mark.parametrize("module", [name for name in MODULES if is_within(name, "littlest.hub")])
def test_the_rooms_of_the_hub_import_one_way(module: str) -> None:
    rooms = [f"littlest.hub.{name}" for name in ("pages", "rights", "login", "memory")]
    for number, room in enumerate(rooms):
        if is_within(module, room):
            above = [name for name, _ in list_imports(module) if any(is_within(name, one) for one in rooms[:number])]
            assert not above, f"{room} may not import {above}"


def test_only_the_machine_starts_processes() -> None:
    importing = {module for module in MODULES for name, _ in list_imports(module) if is_within(name, "subprocess")}
    assert importing == {"littlest.machine.commands"}


@pytest.mark.parametrize("module", [name for name in MODULES if any(is_within(name, pure) for pure in PURE)])
def test_pure_modules_touch_nothing(module: str) -> None:
    for imported, line in list_imports(module):
        touched = [name for name in MODULES_THAT_TOUCH_THE_WORLD if is_within(imported, name)]
        assert not touched, f"{MODULES[module]}:{line}: a pure module may not import {imported}"
    for node in ast.walk(parse_module(module)):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            is_touching = called in TOUCHING_METHODS and (module, called) not in READS_OWN_TEMPLATES
            assert not is_touching, f"{MODULES[module]}:{node.lineno}: a pure module may not {called}"


def find_room(module: str) -> str:
    """The folder of a module; the module itself where its folder has rooms in it, which it belongs to none of."""
    folder = MODULES[module].parent
    is_loose = MODULES[module].name != "__init__.py" and any(folder.glob("*/__init__.py"))
    return module if is_loose else ".".join(folder.relative_to(ROOT).parts)


def find_cycles(edges: dict[str, set[str]]) -> list[list[str]]:
    """The rooms that can be reached from themselves, each with those on its way there and back."""
    reached = {room: set(others) for room, others in edges.items()}
    for middle in edges:
        for others in reached.values():
            others.update(reached[middle] if middle in others else ())
    cycles = {frozenset(other for other in reached[room] if room in reached[other]) for room in edges}
    return sorted(sorted(cycle) for cycle in cycles if cycle)


def test_no_two_rooms_need_each_other() -> None:
    edges: dict[str, set[str]] = {find_room(module): set() for module in MODULES}
    for module in MODULES:
        for imported, _ in list_imports(module):
            if imported in MODULES and find_room(imported) != find_room(module):
                edges[find_room(module)].add(find_room(imported))
    assert find_cycles(edges) == []


def test_a_cycle_is_found() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": set()}
    assert find_cycles(edges) == [["b", "c"]]


@pytest.mark.parametrize("module", sorted(MODULES.keys() - COMMAND_LINE))
def test_only_the_command_line_prints_and_exits(module: str) -> None:
    for imported, line in list_imports(module):
        assert not is_within(imported, "typer"), f"{MODULES[module]}:{line}: typer belongs into the command line"
    for node in ast.walk(parse_module(module)):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in ("print", "sys.exit", "exit", "quit", "os._exit"), (
                f"{MODULES[module]}:{node.lineno}: {called} belongs into littlest.cli"
            )


@pytest.mark.parametrize("module", MODULES)
def test_modules_and_functions_are_short(module: str) -> None:
    source = MODULES[module].read_text()
    assert len(source.splitlines()) <= MOST_LINES, f"{MODULES[module]} is longer than {MOST_LINES} lines"
    for node in ast.walk(parse_module(module)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= MOST_FUNCTION_LINES, f"{MODULES[module]}:{node.lineno}: {node.name} has {length} lines"


@pytest.mark.parametrize("module", MODULES)
def test_modules_are_named_for_what_they_hold(module: str) -> None:
    assert not {"utils", "util", "common", "helpers", "misc"} & set(module.split(".")), "a noun is missing"


def test_no_two_modules_have_the_same_file_name() -> None:
    stems = Counter(file.stem for file in MODULES.values() if file.stem not in ("__init__", "__main__"))
    same = [stem for stem, count in stems.items() if count > 1]
    assert not same, f"a traceback would not tell these apart: {same}"


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_left_to_do(module: str) -> None:
    marks = [word for word in ("TODO", "FIXME", "XXX") if word in MODULES[module].read_text()]
    assert not marks


def list_imports_at_start(module: str) -> Iterator[str]:
    """The modules that importing this one imports, its packages and what they import included."""
    waiting, seen = [module], set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        yield name
        if name in MODULES:
            waiting += [imported for imported, at_start in list_imports_with_time(name) if at_start]


def list_imports_with_time(module: str) -> Iterator[tuple[str, bool]]:
    tree = parse_module(module)
    inside = {
        id(node)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING")
        for node in ast.walk(outer)
    }
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        for name in names:
            full = f"{node.module}.{name}" if isinstance(node, ast.ImportFrom) else name
            imported = full if full in MODULES or isinstance(node, ast.Import) else str(node.module)
            yield imported, id(node) not in inside


@pytest.mark.parametrize("module", ["littlest.cli.main", "littlest.commands.config.show"])
def test_looking_at_the_settings_imports_nothing_slow(module: str) -> None:
    imported = set(list_imports_at_start(module))
    assert "littlest.errors" in imported
    slow = (
        "rich",
        "rattler",
        "jupyterhub",
        "tornado",
        "asyncio",
        "http",
        "urllib.request",
        "difflib",
        "littlest.plan",
    )
    assert not [name for name in imported for package in slow if is_within(name, package)]


def test_the_command_line_imports_no_verb_at_its_start() -> None:
    assert not [name for name in list_imports_at_start("littlest.cli.main") if is_within(name, "littlest.commands")]


SHARED_ROOMS = ("accounts", "settings", "secrets", "units")
"""The rooms of `littlest.system` from which the others may import."""


def find_system_room(module: str) -> str:
    """The room of `littlest.system` that a module is in; empty for the modules next to the rooms, which use them."""
    parts = module.split(".")
    is_inside = len(parts) > 2 and parts[:2] == ["littlest", "system"]
    return parts[2] if is_inside and MODULES[".".join(parts[:3])].stem == "__init__" else ""


@pytest.mark.parametrize("module", [name for name in MODULES if find_system_room(name)])
def test_a_room_of_the_system_imports_only_shared_rooms(module: str) -> None:
    for imported, line in list_imports(module):
        if is_within(imported, "littlest.system"):
            assert find_system_room(imported) in (find_system_room(module), *SHARED_ROOMS), (
                f"{MODULES[module]}:{line}: {imported}"
            )
