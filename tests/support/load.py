"""A steady load on a hub: so many requests a second on each of several paths, and how each of them was answered.

The load is open: a request is sent when its time has come, whether or not earlier ones were answered, as the pages of
a class do. So a hub that makes people wait shows as waiting here, and never as fewer requests. A run is bounded in
time and in the number of its requests, and goes only to an address of the loopback range.
"""

import asyncio
import ipaddress
import json
import statistics
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from aiohttp import ClientConnectionError, ClientError, ClientSession, ClientTimeout, TCPConnector

from tests.support.hub_client import HubClient, escape
from tests.support.kernel import make_message, open_kernel, read_messages

MOST_REQUESTS = 20_000
"""The most requests of one run, over all its streams."""
PATIENCE = 30.0
"""Seconds after which an unanswered request counts as failed: a person has closed the page by then."""

Send = Callable[[int], Awaitable[str]]
"""Sends request number i of a stream; returns "" when it was answered as it should be, else what was wrong."""


@dataclass(frozen=True)
class Stream:
    """Requests of one kind."""

    name: str
    send: Send


@dataclass
class Outcome:
    """How the requests of one stream were answered."""

    sent: int = 0
    waits: list[float] = field(default_factory=list)
    """Seconds from the moment a request was due until it was answered, failed ones included."""
    problems: Counter[str] = field(default_factory=Counter)

    @property
    def failed(self) -> int:
        """How many requests were not answered as they should be."""
        return self.problems.total()

    @property
    def worst(self) -> float:
        """The longest wait, in seconds."""
        return max(self.waits, default=0.0)

    @property
    def median(self) -> float:
        """The middle one of all waits, in seconds."""
        return statistics.median(self.waits) if self.waits else 0.0


async def run_streams(streams: Sequence[Stream], rate: float, seconds: float) -> dict[str, Outcome]:
    """Send `rate` requests a second on every stream for `seconds`; gives what came of them, by the streams' names.

    Raises ValueError when that would be more than MOST_REQUESTS.
    """
    each = round(rate * seconds)
    if each * len(streams) > MOST_REQUESTS:
        raise ValueError(f"{each * len(streams)} requests are more than the {MOST_REQUESTS} of one run")
    outcomes = {stream.name: Outcome() for stream in streams}
    start = time.monotonic() + 0.2
    # spread over the interval, so that the streams do not all send in the same millisecond
    shift = 1 / rate / max(1, len(streams))
    async with asyncio.TaskGroup() as group:
        for place, stream in enumerate(streams):
            group.create_task(_send_all(stream, outcomes[stream.name], start + place * shift, rate, each))
    return outcomes


async def _send_all(stream: Stream, outcome: Outcome, start: float, rate: float, count: int) -> None:
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            outcome.sent += 1
            group.create_task(_send_one(stream, outcome, number, due))


async def _send_one(stream: Stream, outcome: Outcome, number: int, due: float) -> None:
    try:
        problem = await asyncio.wait_for(stream.send(number), PATIENCE)
    except TimeoutError:
        problem = f"no answer within {PATIENCE:.0f} s"
    except (ClientError, ConnectionError, OSError) as failure:
        problem = f"{type(failure).__name__}: {failure}"[:120]
    outcome.waits.append(time.monotonic() - due)
    if problem:
        outcome.problems[problem] += 1


def check_loopback(url: str) -> None:
    """Raise ValueError unless `url` leads to this machine's loopback: nothing else is ever put under load."""
    host = urlsplit(url).hostname or ""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{url} is not an address of the loopback range")


# ---- the paths of a class at work --------------------------------------------------------------------------------


@asynccontextmanager
async def make_tokens(client: HubClient, count: int) -> AsyncIterator[list[str]]:
    """Give API tokens of this person, and revoke them at the end: a user may have only so many.

    Raises AssertionError when the hub refuses.
    """
    tokens, numbers = [], []
    for _ in range(count):
        status, made = await client.api(
            "POST", f"users/{escape(client.user)}/tokens", {"note": "load", "expires_in": 3600}
        )
        assert status == 201, f"no token for {client.user}: HTTP {status} {made}"
        tokens.append(str(made["token"]))
        numbers.append(str(made["id"]))
    yield tokens
    for number in numbers:
        await client.api("DELETE", f"users/{escape(client.user)}/tokens/{number}")


@asynccontextmanager
async def open_streams(client: HubClient, count: int) -> AsyncIterator[list[Stream]]:
    """Give the streams of one person who is logged in and whose server runs: every way a request can take.

    `count` is how many requests each stream will get at most. The token of `server, token not cached` is a new one
    each time, so that the user's server must ask the hub (it remembers answers for 300 s).
    """
    check_loopback(client.url)
    connector = TCPConnector(limit=0)
    async with (
        make_tokens(client, count + 1) as tokens,
        ClientSession(connector=connector, timeout=ClientTimeout(total=PATIENCE)) as session,
    ):
        api = f"{client.server_path}api/status"

        async def ask(path: str, headers: dict[str, str] | None = None) -> str:
            async with session.get(client.at(path), headers=headers, allow_redirects=False) as answer:
                await answer.read()
                return "" if answer.status == 200 else f"HTTP {answer.status}"

        async def ask_hub_page(_number: int) -> str:
            status, _page = await client.get("hub/home", allow_redirects=False)
            return "" if status == 200 else f"HTTP {status}"

        first = {"Authorization": f"token {tokens[0]}"}
        problem = await ask(api, first)
        assert not problem, f"the server of {client.user} does not answer: {problem}"
        async with open_kernel_socket(session, client, first) as talk:
            yield [
                Stream("hub page", ask_hub_page),
                Stream("server, cached token", lambda _number: ask(api, first)),
                Stream("server, token not cached", lambda i: ask(api, {"Authorization": f"token {tokens[i + 1]}"})),
                Stream(
                    "static file of a server", lambda _number: ask(f"{client.server_path}static/favicon.ico", first)
                ),
                Stream("static file of the hub", lambda _number: ask("hub/static/css/style.min.css")),
                Stream("open websocket", talk),
            ]


@asynccontextmanager
async def open_kernel_socket(
    session: ClientSession, client: HubClient, headers: dict[str, str]
) -> AsyncIterator[Send]:
    """Start a kernel and hold its websocket open; gives a way to ask it something and wait for the reply."""
    replies: dict[str, asyncio.Future[None]] = {}
    async with open_kernel(session, client.at(client.server_path), headers) as socket:

        async def listen() -> None:
            async for answered, _reply in read_messages(socket):
                waiting = replies.pop(answered, None)
                if waiting and not waiting.done():
                    waiting.set_result(None)
            for waiting in replies.values():
                waiting.set_exception(ClientConnectionError("the websocket was closed"))

        async def talk(_number: int) -> str:
            request = make_message("kernel_info_request", {})
            reply = replies[request["header"]["msg_id"]] = asyncio.get_running_loop().create_future()
            if socket.closed:
                return "the websocket is closed"
            await socket.send_json(request)
            await reply
            return ""

        listening = asyncio.create_task(listen())
        try:
            problem = await asyncio.wait_for(talk(0), PATIENCE)
            assert not problem, problem
            yield talk
        finally:
            listening.cancel()


# ---- a class that starts -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Arrival:
    """What became of one person who started a server and opened JupyterLab."""

    user: str
    seconds: float
    """From the click to JupyterLab's page."""
    problem: str = ""
    refused_for_load: int = 0
    """How many answers were 429, too many requests."""
    told: str = ""
    """What the page showed while the server started, as JSON."""


async def arrive(client: HubClient) -> Arrival:
    """Start the server of a person who is logged in and open JupyterLab; a failure is told, not raised."""
    check_loopback(client.url)
    start = time.monotonic()
    problem, refused, told = "", 0, ""
    try:
        told = json.dumps(await client.start_server())
        await client.open_lab()
    except (AssertionError, ClientError, TimeoutError, OSError) as failure:
        refused = int(getattr(failure, "status", 0) == 429)
        problem = f"{type(failure).__name__}: {failure}"[:300]
    return Arrival(client.user, time.monotonic() - start, problem, refused, told)


async def arrive_together(clients: Sequence[HubClient]) -> list[Arrival]:
    """Have all these people, who are logged in, start their servers at the same moment."""
    return list(await asyncio.gather(*(arrive(client) for client in clients)))
