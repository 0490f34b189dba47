"""`python -m littlest` is the command `littlest`."""

from littlest.cli import main

main()
