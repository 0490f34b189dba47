"""Users' running servers: their limits, and the memory they share."""
