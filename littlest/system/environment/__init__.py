"""The shared user environment."""
