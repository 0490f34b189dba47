"""A small Jupyter kernel in one file, which runs Python: `small_kernel.py CONNECTION_FILE [tcp-ends|tcp-hangs]`.

With a second word it speaks no ipc, as some kernels: it ends at once, or binds to all addresses and goes on for ever.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import zmq
from jupyter_client.session import Session

KINDS = {"shell": zmq.ROUTER, "control": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.PUB, "hb": zmq.REP}


class SmallKernel:
    """Answers kernel_info, execute and shutdown requests."""

    def __init__(self, connection: dict[str, Any], address: str) -> None:
        self.session = Session(key=connection["key"].encode(), signature_scheme=connection["signature_scheme"])
        self.sockets: dict[str, Any] = {}
        between = "-" if connection["transport"] == "ipc" else ":"
        for name, kind in KINDS.items():
            self.sockets[name] = zmq.Context.instance().socket(kind)
            self.sockets[name].bind(f"{connection['transport']}://{address}{between}{connection[f'{name}_port']}")
        self.names: dict[str, Any] = {"ask": self.ask, "time": time, "socket": socket, "os": os}
        self.parent: Any = None
        self.identity: list[bytes] = []

    def run(self) -> None:
        """Answer until a shutdown is asked for."""
        threading.Thread(target=lambda: zmq.proxy(self.sockets["hb"], self.sockets["hb"]), daemon=True).start()
        poller = zmq.Poller()
        for name in ("shell", "control"):
            poller.register(self.sockets[name], zmq.POLLIN)
        while True:
            for one, _ in poller.poll():
                identity, self.parent = self.session.recv(one, 0)
                if self.parent is None:
                    continue
                self.identity = identity or []
                kind = self.parent["msg_type"]
                self.publish("status", {"execution_state": "busy"})
                content = getattr(self, kind, lambda: {"status": "ok"})()
                self.session.send(one, kind.replace("_request", "_reply"), content, self.parent, ident=identity)
                self.publish("status", {"execution_state": "idle"})
                if kind == "shutdown_request":
                    return

    def publish(self, kind: str, content: dict[str, Any]) -> None:
        """Tell everybody."""
        self.session.send(self.sockets["iopub"], kind, content, self.parent)

    def kernel_info_request(self) -> dict[str, Any]:
        """Say what this is."""
        language = {"name": "python", "version": "3", "mimetype": "text/x-python", "file_extension": ".py"}
        return {
            "status": "ok",
            "protocol_version": "5.3",
            "implementation": "small",
            "implementation_version": "1",
            "language_info": language,
            "banner": "",
            "help_links": [],
        }

    def execute_request(self) -> dict[str, Any]:
        """Run code, and publish what its last line gives when that is an expression."""
        code = self.parent["content"]["code"]
        self.publish("execute_input", {"code": code, "execution_count": 1})
        *lines, last = code.strip().splitlines()
        try:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            exec("\n".join(lines), self.names)
            value = eval(last, self.names)
        except (Exception, KeyboardInterrupt) as error:  # whatever the code raises
            self.publish("error", {"ename": type(error).__name__, "evalue": str(error), "traceback": [repr(error)]})
            return {"status": "error", "execution_count": 1, "ename": "", "evalue": "", "traceback": []}
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        content = {"data": {"text/plain": repr(value)}, "metadata": {}, "execution_count": 1}
        self.publish("execute_result", content)
        return {"status": "ok", "execution_count": 1, "user_expressions": {}, "payload": []}

    def ask(self, prompt: str = "") -> str:
        """Ask the person at the page, as `input()` does in a notebook."""
        content = {"prompt": prompt, "password": False}
        self.session.send(self.sockets["stdin"], "input_request", content, self.parent, ident=self.identity)
        while True:
            _, reply = self.session.recv(self.sockets["stdin"], 0)
            if reply is not None:
                return str(reply["content"]["value"])


def main(file: str, habit: str = "") -> None:
    """Read the connection file, and serve."""
    # only a cell is interrupted
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = json.loads(Path(file).read_text())
    address = connection["ip"]
    if habit == "tcp-ends" and connection["transport"] != "tcp":
        sys.stderr.write("failed to lookup address information\n")
        raise SystemExit(1)
    if habit == "tcp-hangs":
        if connection["transport"] != "tcp":
            sys.stderr.write("waiting for a port\n")
            time.sleep(1000)
        address = "*"
    SmallKernel(connection, address).run()


if __name__ == "__main__":
    main(*sys.argv[1:])
