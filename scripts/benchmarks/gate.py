"""What the gate in the proxy costs each request to a user's server."""

import statistics
import time

from benchmarks.figures import Figure
from benchmarks.stage import Stage

REQUESTS = 400
PORT = 8099
PROGRAM = "lib/node_modules/configurable-http-proxy/bin/configurable-http-proxy"


def measure_gate(stage: Stage) -> list[Figure]:
    """the time of a request through the proxy, less that through the same proxy without the gate (medians)"""
    server = stage.server
    name = server.add_students(1)[0]
    server.use(name)
    current = "/opt/littlest/current"
    socket = f"%2Frun%2Flittlest%2Fservers%2Fjupyter-{name}%2Fserver.sock"
    server.machine.run(
        f"systemd-run --quiet --unit=without-gate {current}/bin/node"
        f" --require {current}/lib/python3*/site-packages/littlest/proxy/server_sockets.cjs {current}/{PROGRAM}"
        f" --ip 127.0.0.1 --port {PORT} --api-ip 127.0.0.1 --api-port {PORT + 1} --keep-alive-timeout 75000"
        f" --default-target 'http+unix://{socket}' --log-level error"
    )
    server.machine.run(f"for i in $(seq 100); do ss -Hltn | grep -q :{PORT} && break; sleep 0.1; done")

    async def compare() -> float:
        async with server.client(name) as client:
            await client.login()
            await client.open_lab()
            path = f"user/{name}/api"
            addresses = (server.url + path, f"http://127.0.0.1:{PORT}/{path}")
            times: dict[str, list[float]] = {address: [] for address in addresses}
            for number in range(REQUESTS):
                for address in addresses[:: 1 if number % 2 else -1]:
                    started = time.perf_counter()
                    status, _ = await client.visit(address)
                    times[address].append(time.perf_counter() - started)
                    assert status == 200, f"{address}: {status}"
            with_gate, without = (statistics.median(times[address]) for address in addresses)
            return (with_gate - without) * 1000

    try:
        costs = stage.repeat("gate", lambda: server.run(compare()))
    finally:
        server.machine.run("systemctl stop without-gate")
        server.stop_servers()
    return [Figure("gate, each request", "ms", tuple(costs), goal=0.3, note=f"median of {REQUESTS} requests a run")]
