"""Keeps one package out of a Jupyter process: importing it costs 2 s of CPU and 16 MB, for a check that nobody asks for."""

import sys


def leave_out_rfc3987() -> None:
    """Make `import rfc3987_syntax` fail, which jsonschema takes for "not installed".

    It is a hard dependency of jupyter_events (through jsonschema[format-nongpl]), so leaving it out of the release
    would make `pip check` complain. It only checks the format "iri", which no schema of Jupyter uses. Call this before
    anything imports jsonschema.
    """
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
