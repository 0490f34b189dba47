"""`python -m littlest` is the command `littlest`."""

import gc
import signal

# a command runs only briefly: garbage collection would take a tenth of the time of `littlest config show`
gc.disable()
# importing the rest takes half a second, in which nobody could catch what Ctrl-C raises
is_usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
if is_usual:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from littlest.cli.main import main  # noqa: E402

if is_usual:
    signal.signal(signal.SIGINT, signal.default_int_handler)
main()
