"""What strangers write, such as the name at a login, makes no line of its own in the hub's log, and no long one."""

import logging

LONGEST = 4000
"""Characters of a message that are kept."""
_ESCAPES = {number: f"\\x{number:02x}" for number in (*range(32), *range(127, 160)) if chr(number) != "\t"} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


_IN_TRACEBACK = {number: escape for number, escape in _ESCAPES.items() if chr(number) != "\n"}
_TURNS = {number: f"\\u{number:04x}" for number in (0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
"""Characters that turn the direction of writing: what a terminal shows would then be in another order."""


class OneLine(logging.Filter):
    """Escapes the control characters of messages, and cuts long ones. Lines of a traceback are indented: its last one
    has the words of the error, which may be a stranger's."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and let it through."""
        message = record.getMessage().translate(_ESCAPES | _TURNS)
        record.msg = message if len(message) <= LONGEST else f"{message[:LONGEST]}… ({len(message)} characters)"
        record.args = ()
        if record.exc_info and not record.exc_text:
            lines = logging.Formatter().formatException(record.exc_info).split("\n")
            record.exc_text = "\n".join(f"    {line.translate(_IN_TRACEBACK | _TURNS)}" for line in lines)
        return True
