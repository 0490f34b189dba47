"""One file per `littlest` command; each returns a report."""
