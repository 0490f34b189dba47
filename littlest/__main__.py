"""`python -m littlest` is the command `littlest`."""

import signal

# importing the rest takes half a second, in which nobody could catch what Ctrl-C raises
is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if is_usual:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from littlest.cli.main import main  # noqa: E402

if is_usual:
    signal.signal(signal.SIGINT, signal.default_int_handler)
main()
