"""What strangers write, such as the name at a login, makes no line of its own in the hub's log, and no long one."""

import logging

LONGEST = 4000
"""Characters of a message that are kept."""
_ESCAPES = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160)) if chr(number) != "\t"} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


class OneLine(logging.Filter):
    """Escapes the control characters of messages, and cuts long ones; tracebacks stay as they are."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and let it through."""
        message = record.getMessage().translate(_ESCAPES)
        record.msg = message if len(message) <= LONGEST else f"{message[:LONGEST]}… ({len(message)} characters)"
        record.args = ()
        return True
