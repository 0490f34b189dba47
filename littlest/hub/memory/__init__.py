"""What the hub remembers between its runs, outside of its database."""
