"""Is this machine as it should be? What is read from it, and named checks of what was read."""
