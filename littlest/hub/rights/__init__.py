"""Who may do what, and the end of it: applying the users of the settings in the running hub."""
