"""The file of the Record."""

from littlest import paths
from littlest.machine.machine import Machine
from littlest.plan.record import Record, parse_record, render_record


def read_record(machine: Machine) -> Record:
    """Return what is ours on this machine; an empty record where there is none.

    Raises LittlestError when it is damaged or of a newer release.
    """
    text = machine.read_text(paths.RECORD_FILE)
    return Record() if text is None else parse_record(text, str(paths.RECORD_FILE))


def write_record(machine: Machine, record: Record) -> None:
    """Write the record, unless the file has it already."""
    text = render_record(record)
    if machine.read_text(paths.RECORD_FILE) != text:
        if machine.read_state(paths.STATE_DIR) is None:
            machine.make_directory(paths.STATE_DIR, mode=0o700)
        machine.write_file(paths.RECORD_FILE, text, mode=0o600)
