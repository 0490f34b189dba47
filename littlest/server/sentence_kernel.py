"""A kernel in the place of one that cannot start: it answers every cell with the reason, so that no page hangs."""

import threading
from typing import Any

import zmq
from jupyter_client.session import Session

_KINDS = {"shell": zmq.ROUTER, "control": zmq.ROUTER, "stdin": zmq.ROUTER, "iopub": zmq.PUB, "hb": zmq.REP}
_INFO = {
    "protocol_version": "5.3",
    "implementation": "littlest",
    "implementation_version": "1",
    "language_info": {"name": "text", "version": "", "mimetype": "text/plain", "file_extension": ".txt"},
    "help_links": [],
}


def serve_sentence(connection: dict[str, Any], sentence: str) -> None:
    """Listen where this connection file says, until somebody asks for an end."""
    session = Session(key=connection["key"].encode(), signature_scheme=connection["signature_scheme"])
    sockets: dict[str, Any] = {name: zmq.Context.instance().socket(kind) for name, kind in _KINDS.items()}
    for name, one in sockets.items():
        one.bind(f"ipc://{connection['ip']}-{connection[f'{name}_port']}")
    threading.Thread(target=lambda: zmq.proxy(sockets["hb"], sockets["hb"]), daemon=True).start()
    poller = zmq.Poller()
    for name in ("shell", "control"):
        poller.register(sockets[name], zmq.POLLIN)
    kind = ""
    while kind != "shutdown_request":
        for one, _ in poller.poll():
            identity, request = session.recv(one, 0)
            if request is None:
                continue
            kind = request["msg_type"]
            session.send(sockets["iopub"], "status", {"execution_state": "busy"}, request)
            content: dict[str, Any] = {"status": "ok"}
            if kind == "kernel_info_request":
                content |= {**_INFO, "banner": sentence}
            if kind == "execute_request":
                error = {"ename": "Not started", "evalue": sentence, "traceback": [sentence]}
                session.send(sockets["iopub"], "error", error, request)
                content = {"status": "error", "execution_count": 0, **error}
            session.send(one, kind.replace("_request", "_reply"), content, request, ident=identity)
            session.send(sockets["iopub"], "status", {"execution_state": "idle"}, request)
