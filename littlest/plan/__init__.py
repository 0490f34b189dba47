"""What should be on the machine, as data: pure functions from settings to ordered steps."""
