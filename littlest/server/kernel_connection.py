"""The connection between a page and a kernel, which sees what a person does and when the kernel asks something."""

import json
from typing import Any

from jupyter_server.services.kernels.connection.base import deserialize_binary_message, deserialize_msg_from_ws_v1
from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection

from littlest.server.computations import follow_question
from littlest.server.persons import KERNEL_MESSAGES


class WatchedConnection(ZMQChannelsWebsocketConnection):
    """Passes on every message as it is."""

    def handle_incoming_message(self, incoming_msg: Any) -> None:
        """Pass on a message of the page."""
        kind = self._read_kind(incoming_msg)
        if kind in KERNEL_MESSAGES:
            self.websocket_handler.settings["littlest_activity"].note()
        if kind == "input_reply":
            self.kernel_manager.question = ""
        super().handle_incoming_message(incoming_msg)

    def handle_outgoing_message(self, stream: Any, outgoing_msg: list[Any]) -> None:
        """Pass on a message of the kernel."""
        channel = stream if isinstance(stream, str) else getattr(stream, "channel", "")
        follow_question(self.kernel_manager, channel, outgoing_msg)
        super().handle_outgoing_message(stream, outgoing_msg)

    def _read_kind(self, message: Any) -> str:
        try:
            if self.subprotocol == "v1.kernel.websocket.jupyter.org":
                parts: list[Any] = deserialize_msg_from_ws_v1(message)[1]  # type: ignore[no-untyped-call]
                header = self.session.unpack(parts[0])
            elif isinstance(message, bytes):
                header = deserialize_binary_message(message)["header"]  # type: ignore[no-untyped-call]
            else:
                header = json.loads(message)["header"]
            return str(header["msg_type"])
        except (ValueError, TypeError, LookupError):
            # the class above says what is wrong with it
            return ""
