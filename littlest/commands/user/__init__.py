"""`littlest user`: the users of the hub and their passwords."""
