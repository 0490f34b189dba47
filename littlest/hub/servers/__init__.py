"""Users' servers: how each is started, on which account, in which limits, and where it listens."""
