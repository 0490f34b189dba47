"""`python -m littlest` is the command `littlest`."""

from littlest.cli.main import main

main()
