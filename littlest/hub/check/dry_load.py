"""Asks JupyterHub's classes about settings and traits: a process that `littlest.system.hub.dry_run` starts.

Reads a request as JSON from its input. `{"text", "folder", "seconds"}` asks whether the hub would start with this
config.yaml and the drop-ins in this folder. The answer is a line for each drop-in that it is about to run, so that
its caller knows where it hung, a line for each problem, and a line at the end. `{"text", "class", "trait"}` asks what
a trait is. It makes the hub's objects ready as a hub that starts does, with a database in memory: it opens no port,
writes no file and logs nothing. Drop-ins run as they do in the hub.
"""

import copy
import faulthandler
import json
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from traitlets.config import Config as TraitConfig

from littlest.config.model import Config
from littlest.config.sections.managed_services import Services
from littlest.config.sections.section import Place, Secret
from littlest.config.text.convert import KEY
from littlest.config.text.load import load_config
from littlest.errors import LittlestError
from littlest.hub.check.dry_start import find_start_problem
from littlest.hub.check.trait_values import KnownClasses, describe_trait, find_section
from littlest.hub.drop_ins import describe_failure, find_line, run_drop_in
from littlest.hub.live import live
from littlest.hub.login.classes import find_class_problem, put_in_authenticator
from littlest.hub.login.trait_names import explain_login_traits
from littlest.hub.merge import add_trait_values, merge_settings, read_trait_secrets
from littlest.hub.scopes import find_scope_problem
from littlest.hub.services import METRICS
from littlest.hub.start import TEMPLATES_DIR
from littlest.hub.traits import Settings, make_hub_settings
from littlest.system.settings.drop_in_copies import list_drop_ins

TOKENS = ("CONFIGPROXY_AUTH_TOKEN", "JUPYTERHUB_CRYPT_KEY", "LITTLEST_COMMAND_TOKEN", "LITTLEST_CULLER_TOKEN")
"""What the hub finds in its environment; here made up."""
OTHER_SECONDS = 30.0
"""How long anything that is no drop-in may take at least."""
_DEFINITIONS = ("custom_scopes", "services")
"""Traits that others refer to."""
Finding = dict[str, Any]


def main() -> None:
    """Answer one request; then end at once, whatever threads a drop-in started."""
    # nothing else that runs here can write to our output from now on
    answer = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    request = json.load(sys.stdin)
    os.environ.update({name: secrets.token_hex(32) for name in TOKENS})
    logging.disable()

    def write(line: Finding) -> None:
        answer.write(f"{json.dumps(line)}\n")
        answer.flush()

    def begin(what: str) -> None:
        write({"doing": what})
        # names the line that hangs even where no Python code gets a turn
        seconds = request["seconds"] if what else max(request["seconds"], OTHER_SECONDS)
        faulthandler.dump_traceback_later(seconds, exit=True, file=answer)

    if "trait" in request:
        write(explain_trait(request["text"], request["class"], request["trait"]))
    else:
        check = DryLoad(load_config(request["text"], "config.yaml"), Path(request["folder"]), begin)
        for finding in check.find_problems():
            write({"found": finding})
        write({"done": True})
    os.kill(os.getpid(), signal.SIGKILL)


def make_own_settings(config: Config) -> tuple[Settings, KnownClasses]:
    """Return what we tell the hub ourselves, without the admin's values for traits, and the hub's classes.

    Raises LittlestError where `auth.type` is not the name of an authenticator class.
    """
    own = config.model_copy(update={"auth": config.auth.model_copy(update={"settings": {}}), "jupyterhub": {}})
    cores = os.cpu_count() or 1
    settings = make_hub_settings(own, os.environ, cores, str(TEMPLATES_DIR), read_secret=_make_up_secret)
    return settings, KnownClasses(put_in_authenticator(settings, config), explain_login_traits(config.auth))


def _make_up_secret(_secret: Secret) -> str:
    # another check reads them, and so no secret can get into a message of JupyterHub's
    return secrets.token_hex(32)


def explain_trait(text: str, class_name: str, trait: str) -> dict[str, str | None]:
    """Return what a trait is for (`about`), takes and is by `default` in a hub with these settings; or the `problem`
    with its name, and a `hint`."""
    try:
        settings, known = make_own_settings(load_config(text, "config.yaml"))
    except LittlestError:
        settings, known = make_own_settings(Config())
    owner = known.find_class(class_name)
    problem = known.explain_name(class_name, trait)
    if owner is None or problem:
        return dict(zip(("problem", "hint"), problem or (), strict=True))
    found = owner.class_traits(config=True)[trait]
    section = find_section(owner, trait, settings)
    # what littlest sets, else what an object has that was not set up
    default = settings[section][trait] if section else found.default(owner.__new__(owner))
    takes = describe_trait(found) + (" or null" if found.allow_none else "")
    return {"about": str(found.help), "takes": takes, "default": json.dumps(default, default=_describe)}


def _describe(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, set | frozenset) else getattr(value, "__name__", str(value))


class Value(NamedTuple):
    """What config.yaml or a drop-in sets a trait to; the trait is empty where the class is unknown."""

    source: Path | Place
    """The drop-in, or the group of config.yaml."""
    name: str
    """The class, as it is named there."""
    trait: str
    value: Any

    def refuse(self, problem: str, hint: str | None = None) -> Finding:
        """Return a problem with this value, at its line."""
        names = (self.trait,) if self.trait else ()
        if isinstance(self.source, Path):
            line = find_line(self.source, self.name, self.trait)
            return _in_file(self.source, line, f"{'.'.join(('c', self.name, *names))}: {problem}", hint)
        return _at((*self.source, *names, KEY), problem, hint)


class DryLoad:
    """One look at settings and drop-ins."""

    def __init__(self, config: Config, folder: Path, begin: Callable[[str], None]) -> None:
        """`begin` is called with each drop-in before it runs, and with an empty text before anything else that may
        take long."""
        self.config, self.folder, self.begin = config, folder, begin
        self.values: list[Value] = []
        """All that was set so far, in the order in which the hub takes it."""

    def find_problems(self) -> Iterator[Finding]:
        """Yield everything that is wrong, as data."""
        config = live.config = self.config
        self.begin("")
        try:
            settings, known = make_own_settings(config)
            if problem := find_class_problem(known.authenticator, config):
                raise LittlestError(*problem)
        except LittlestError as error:
            yield _at(("auth", "type"), error.message.removeprefix("auth.type: "), error.hint)
            return
        name = known.authenticator.__name__
        findings = [
            *self._add_values({name: config.auth.settings}, known, ("auth", "settings")),
            *self._add_values(config.jupyterhub, known),
            *self._find_service_problems(settings),
        ]
        yield from findings
        for file in list_drop_ins(self.folder):
            self.begin(str(file))
            found = list(self._try_drop_in(file, known))
            yield from found
            findings += found
        if not findings:
            yield from list(self._find_overridden(known)) or self._try_start()

    def _add_values(
        self, sections: Mapping[str, Mapping[str, Any]], known: KnownClasses, source: Path | Place | None = None
    ) -> Iterator[Finding]:
        """Add what is set there to the values, and yield what is wrong with it."""
        for name, values in sections.items():
            traits = read_trait_secrets(values, _make_up_secret) if known.find_class(name) else {"": None}
            for trait, value in traits.items():
                one = Value(source or ("jupyterhub", name), name, trait, value)
                self.values.append(one)
                if problem := known.explain_value(name, trait, value):
                    yield one.refuse(*problem)

    def _find_service_problems(self, settings: Settings) -> Iterator[Finding]:
        taken = {METRICS, *(spec["name"] for spec in settings["JupyterHub"]["services"])}
        for one in self.values:
            specs = one.value if one.trait == "services" and isinstance(one.value, list) else ()
            for spec in specs:
                if isinstance(spec, dict) and str(spec.get("name")) in taken:
                    yield one.refuse(f"there is a service {spec['name']} already", "choose another name")
        custom = self.config.jupyterhub.get("JupyterHub", {}).get("custom_scopes")
        for name, service in self.config.services.managed.items():
            for index, scope in enumerate(service.scopes):
                if problem := find_scope_problem(scope, custom if isinstance(custom, dict) else ()):
                    yield _at(("services", "managed", name, "scopes", index), *problem)

    def _try_drop_in(self, file: Path, known: KnownClasses) -> Iterator[Finding]:
        if not file.exists():
            yield _in_file(file, 1, f"leads to {file.readlink()}, and there is no such file", f"sudo rm {file}")
            return
        try:
            sections = run_drop_in(file)
        except (Exception, SystemExit) as error:  # whatever an admin's file raises
            yield _in_file(file, *describe_failure(file, error))
        else:
            yield from self._add_values(sections, known, file)

    def _find_overridden(self, known: KnownClasses) -> Iterator[Finding]:
        """Yield each value for a class that has no effect, because a subclass of it has another."""
        wanted = _make_wanted(self.config, self.values)
        for one in self.values:
            owner, name = known.find_class(one.name), one.name.rpartition(".")[2]
            used = find_section(owner, one.trait, wanted) if owner else None
            if used and used != name and wanted[used][one.trait] != wanted[name].get(one.trait):
                yield one.refuse(f"has no effect: {used}.{one.trait} is set as well", f"set it for {used}")

    def _try_start(self) -> Iterator[Finding]:
        """Yield why the hub would not start, at the last value without which it would start or fail otherwise."""
        values = sorted(self.values, key=lambda one: (isinstance(one.source, Path), one.trait not in _DEFINITIONS))
        problem = self._find_start_problem(self.config, values)
        while problem and values:
            last = values.pop()
            if self._find_start_problem(self.config, values) != problem:
                yield last.refuse(problem)
                return
        if problem:
            bare = self.config.model_copy(update={"services": Services()})
            is_service = self._find_start_problem(bare, []) != problem
            yield _at(("services", "managed") if is_service else ("auth", "type"), problem)

    def _find_start_problem(self, config: Config, values: list[Value]) -> str | None:
        self.begin("")
        return find_start_problem(_make_wanted(config, values))


def _make_wanted(config: Config, values: list[Value]) -> Any:
    """Return JupyterHub's `c` with our own settings and these values."""
    wanted = TraitConfig(make_own_settings(config)[0])
    for one in values:
        merge = merge_settings if isinstance(one.source, Path) else add_trait_values
        merge(wanted, {one.name: {one.trait: copy.deepcopy(one.value)}})
    return wanted


def _at(place: Place, problem: str, hint: str | None = None) -> Finding:
    return {"place": list(place), "problem": problem, "hint": hint}


def _in_file(file: Path, line: int, problem: str, hint: str | None = None) -> Finding:
    return {"file": file.name, "line": line, "problem": problem, "hint": hint}
