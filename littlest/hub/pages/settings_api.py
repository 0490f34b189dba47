"""The hub's API for the `littlest` command: show the settings in use, and reload config.yaml."""

import asyncio
import json
import logging
from pathlib import Path
from typing import ClassVar

from littlest import paths
from littlest.config.model import Config
from littlest.errors import LittlestError
from littlest.hub.live import live
from littlest.hub.pages.command_api import CommandHandler
from littlest.hub.rights.enforce import enforce
from littlest.plan.effects import make_live_digest, make_restart_digest
from littlest.system.settings.active import read_config

log = logging.getLogger("littlest")


class SettingsHandler(CommandHandler):
    """GET shows which settings are in use; POST reloads config.yaml, as far as that needs no restart."""

    # one reload at a time: each compares with the result of the one before
    _turn: ClassVar[asyncio.Lock] = asyncio.Lock()

    async def get(self) -> None:
        """Answer with the digests of the settings in use, their file, problems of others, and unfinished removals."""
        self.check_who_asks()
        self._answer()

    async def post(self) -> None:
        """Reload config.yaml, and answer as GET does once it is applied.

        The request names the settings it means by their two digests. The answer is 409 with the problems when the
        file is invalid, has other settings by now, or needs a restart of the hub.
        """
        self.check_who_asks()
        async with self._turn:
            try:
                config = await asyncio.to_thread(read_config, Path(paths.CONFIG_FILE))
                problems = self._find_problems(config)
            except LittlestError as error:
                problems = tuple(error.message.splitlines())
            if problems:
                self._refuse(problems)
                return
            await enforce(self.settings["app"], live.replace(config))
            for line in live.unfinished:
                log.error("%s", line)
            log.info("The settings in %s are applied.", paths.CONFIG_FILE)
            self._answer()

    def _find_problems(self, config: Config) -> tuple[str, ...]:
        """The reasons why these valid settings cannot be applied without a restart."""
        wanted = self.get_json_body() or {}
        found = {"digest": make_live_digest(config), "started": make_restart_digest(config)}
        if any(wanted.get(name) != digest for name, digest in found.items()):
            return (f"{paths.CONFIG_FILE} was changed again before the hub had read it",)
        if live.refused:
            return (*live.problems, *live.drop_in_problems)
        if found["started"] != live.started:
            return (f"the hub was started with other settings than those in {paths.CONFIG_FILE}",)
        return ()

    def _refuse(self, problems: tuple[str, ...]) -> None:
        log.error("The settings in %s are not applied:\n%s", paths.CONFIG_FILE, "\n".join(problems))
        self.set_status(409)
        self.finish(json.dumps({"status": 409, "problems": problems}))

    def _answer(self) -> None:
        answer = {
            "digest": make_live_digest(live.config),
            "started": live.started,
            "started_drop_ins": live.started_drop_ins,
            "refused": live.refused,
            "file": live.file,
            "problems": list(live.problems),
            "drop_in_problems": list(live.drop_in_problems),
            "warnings": [*live.unfinished, *live.forgotten],
        }
        self.finish(json.dumps(answer))


SETTINGS_PAGES = (("/api/littlest/settings", SettingsHandler),)
