"""Whether JupyterHub can be started with settings: a process of its own, which `littlest.system.hub.dry_run` starts.

Reads `{"text", "folder", "seconds"}` as JSON from its input: the text of config.yaml, and the folder of
drop-ins. Writes a line for each drop-in that it is about to run, so that its caller knows where it hung, a line
for each problem, and a line at the end. It makes the hub's classes and objects ready as a hub that starts does, with
a database in memory: it opens no port, writes no file and logs nothing. Drop-ins run as they do in the hub.
"""

import copy
import faulthandler
import json
import logging
import os
import secrets
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from littlest.config.model import Config
from littlest.config.sections.base import Place, Secret
from littlest.config.text.convert import KEY
from littlest.config.text.load import load_config
from littlest.errors import LittlestError
from littlest.hub.check.dry_start import find_start_problem, make_known_classes, to_config
from littlest.hub.check.trait_values import KnownClasses
from littlest.hub.drop_ins import describe_failure, find_line, run_drop_in
from littlest.hub.escape_hatch import add_trait_values, read_trait_secrets
from littlest.hub.live import live
from littlest.hub.login.authenticators import find_authenticator_class
from littlest.hub.login.people import find_class_problem, put_in_authenticator
from littlest.hub.login.trait_names import explain_login_traits
from littlest.hub.merge import merge_settings
from littlest.hub.scopes import find_scope_problem
from littlest.hub.start import TEMPLATES_DIR
from littlest.hub.traits import Settings, make_hub_settings
from littlest.system.settings.drop_in_copies import list_drop_ins

TOKENS = ("CONFIGPROXY_AUTH_TOKEN", "JUPYTERHUB_CRYPT_KEY", "LITTLEST_COMMAND_TOKEN", "LITTLEST_CULLER_TOKEN")
"""What the hub finds in its environment; here made up."""
OTHER_SECONDS = 30.0
"""How long anything may take at least that is no drop-in."""
Finding = dict[str, Any]


def main() -> None:
    """Answer one request; then end at once, whatever threads a drop-in started."""
    answer, request = begin_answer()

    def begin(what: str) -> None:
        answer.write(f"{json.dumps({'doing': what})}\n")
        answer.flush()
        # says where it hangs even where no Python code gets a turn
        seconds = request["seconds"] if what else max(request["seconds"], OTHER_SECONDS)
        faulthandler.dump_traceback_later(seconds, exit=True, file=answer)

    check = DryLoad(Path(request["folder"]), begin)
    for finding in check.find_problems(load_config(request["text"], "config.yaml")):
        answer.write(f"{json.dumps({'found': finding})}\n")
    answer.write(f"{json.dumps({'done': True})}\n")
    answer.flush()
    os.kill(os.getpid(), signal.SIGKILL)


def begin_answer() -> tuple[IO[str], Any]:
    """Return our output, which from now on nothing else that runs here can write to, and the request that was made.

    What the hub finds in its environment is there then.
    """
    answer = os.fdopen(os.dup(1), "w")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    request = json.load(sys.stdin)
    for name in TOKENS:
        os.environ[name] = secrets.token_hex(32)
    logging.disable()
    return answer, request


class DryLoad:
    """One look at settings and drop-ins."""

    def __init__(self, folder: Path, begin: Callable[[str], None]) -> None:
        self.folder = folder
        self.begin = begin
        """Called with each drop-in before it runs, and with nothing before anything else that may take long."""
        self.said: list[tuple[Path, Any]] = []
        """What each drop-in set."""

    def find_problems(self, config: Config) -> Iterator[Finding]:
        """Yield everything that is wrong, as data."""
        live.config = config
        self.begin("")
        try:
            settings = self._make_settings(config)
        except LittlestError as error:
            yield _at((), error.message, error.hint)
            return
        try:
            authenticator = put_in_authenticator(settings, config)
        except LittlestError as error:
            yield _at(("auth", "type"), error.message.removeprefix("auth.type: "), error.hint)
            return
        if problem := find_class_problem(authenticator, config):
            yield _at(("auth", "type"), *problem)
            return
        known = make_known_classes(settings, explain_login_traits(config.auth))
        findings = [*self._find_trait_problems(config, known), *_find_service_problems(config)]
        yield from findings
        for file in list_drop_ins(self.folder):
            self.begin(str(file))
            found = list(self._try_drop_in(file, known))
            yield from found
            findings += found
        if not findings:
            yield from self._find_without_effect(config, known) or self._try_start(config)

    def _make_wanted(self, config: Config, drop_ins: int) -> Any:
        """Return JupyterHub's `c` with these settings and the first ones of the drop-ins."""
        settings = self._make_settings(config)
        put_in_authenticator(settings, config)
        wanted = to_config(add_trait_values(settings, read_trait_secrets(config.jupyterhub, self._read_secret)))
        for _file, said in self.said[:drop_ins]:
            merge_settings(wanted, copy.deepcopy(said))
        return wanted

    def _find_without_effect(self, config: Config, known: KnownClasses) -> list[Finding]:
        """Return what is said of a class in vain, because a class below it is told something else."""
        wanted = self._make_wanted(config, len(self.said))
        found = []
        for name, values in config.jupyterhub.items():
            for trait in values:
                if nearer := known.find_nearer(name, trait, wanted):
                    found.append(_at(("jupyterhub", name, trait, KEY), *_explain_nearer(nearer, trait)))
        for file, said in self.said:
            for name, values in said.items():
                for trait in values:
                    if nearer := known.find_nearer(name, trait, wanted):
                        problem, hint = _explain_nearer(nearer, trait)
                        line = find_line(file, name, trait)
                        found.append(_in_file(file, line, f"c.{name}.{trait} {problem}", hint))
        return found

    def _make_settings(self, config: Config) -> Settings:
        return make_hub_settings(
            config, os.environ, os.cpu_count() or 1, str(TEMPLATES_DIR), read_secret=self._read_secret
        )

    @staticmethod
    def _read_secret(_secret: Secret) -> str:
        # another check looks at them, and so none can come into what JupyterHub says
        return secrets.token_hex(32)

    def _find_trait_problems(self, config: Config, known: KnownClasses) -> Iterator[Finding]:
        name = find_authenticator_class(config.auth).rpartition(".")[2]
        for found in known.find_problems(name, read_trait_secrets(config.auth.settings, self._read_secret)):
            yield _at(("auth", "settings", found.trait, KEY), found.problem, found.hint)
        for name, values in config.jupyterhub.items():
            for found in known.find_problems(name, read_trait_secrets(values, self._read_secret)):
                place = (name, found.trait, KEY) if found.trait else (name, KEY)
                yield _at(("jupyterhub", *place), found.problem, found.hint)

    def _try_drop_in(self, file: Path, known: KnownClasses) -> Iterator[Finding]:
        if not file.exists():
            yield _in_file(file, 1, f"leads to {file.readlink()}, and there is no such file", f"sudo rm {file}")
            return
        try:
            said = run_drop_in(file)
        except (Exception, SystemExit) as error:  # whatever an admin's file raises
            line, problem = describe_failure(file, error)
            yield _in_file(file, line, problem)
            return
        self.said.append((file, said))
        for name, values in said.items():
            for found in known.find_problems(name, values):
                subject = f"c.{name}.{found.trait}" if found.trait else f"c.{name}"
                yield _in_file(file, find_line(file, name, found.trait), f"{subject} {found.problem}", found.hint)

    def _try_start(self, config: Config) -> list[Finding]:
        if self._find_start_problem(config, len(self.said)) is None:
            return []
        # whose fault it is: the first without which the hub would start
        for place, part in _list_growing(config):
            problem = self._find_start_problem(part, 0)
            if problem is not None:
                return [_at(place, problem)]
        for count, (file, _said) in enumerate(self.said, 1):
            problem = self._find_start_problem(config, count)
            if problem is not None:
                return [_in_file(file, 1, problem)]
        return []

    def _find_start_problem(self, config: Config, drop_ins: int) -> str | None:
        self.begin("")
        return find_start_problem(self._make_wanted(config, drop_ins))


def _explain_nearer(nearer: str, trait: str) -> tuple[str, str]:
    return f"has no effect: {nearer}.{trait} is set as well", f"set it for {nearer}"


def _find_service_problems(config: Config) -> Iterator[Finding]:
    told = config.jupyterhub.get("JupyterHub", {})
    custom = told.get("custom_scopes")
    services = told.get("services")
    taken = (
        {str(one.get("name")) for one in services if isinstance(one, dict)} if isinstance(services, list) else set()
    )
    for name in sorted({"idle-culler", "littlest", "metrics"} & taken):
        problem = f"{name} is the name of a service that is there already"
        yield _at(("jupyterhub", "JupyterHub", "services", KEY), problem, "choose another")
    for name, service in config.services.managed.items():
        place = ("services", "managed", name)
        if name in taken:
            yield _at((*place, KEY), "jupyterhub.JupyterHub.services has a service of this name already")
        for index, scope in enumerate(service.scopes):
            unknown = find_scope_problem(scope, custom if isinstance(custom, dict) else ())
            if unknown:
                yield _at((*place, "scopes", index), *unknown)


def _list_growing(config: Config) -> Iterator[tuple[Place, Config]]:
    """Yield the settings, one of those that may be wrong more each time, with its place."""
    told: dict[str, Any] = {}
    traits: dict[str, dict[str, Any]] = {}
    managed: dict[str, Any] = {}

    def put_together() -> Config:
        auth = config.auth.model_copy(update={"settings": dict(told)})
        services = config.services.model_copy(update={"managed": dict(managed)})
        extra = {name: dict(values) for name, values in traits.items()}
        return config.model_copy(update={"auth": auth, "services": services, "jupyterhub": extra})

    yield ("auth", "type"), put_together()
    for trait, value in config.auth.settings.items():
        told[trait] = value
        yield ("auth", "settings", trait, KEY), put_together()
    for name, service in config.services.managed.items():
        managed[name] = service
        yield ("services", "managed", name, KEY), put_together()
    for name, values in config.jupyterhub.items():
        for trait, value in values.items():
            traits.setdefault(name, {})[trait] = value
            yield ("jupyterhub", name, trait, KEY), put_together()


def _at(place: Place, problem: str, hint: str | None = None) -> Finding:
    return {"place": list(place), "problem": problem, "hint": hint}


def _in_file(file: Path, line: int, problem: str, hint: str | None = None) -> Finding:
    return {"file": file.name, "line": line, "problem": problem, "hint": hint}
