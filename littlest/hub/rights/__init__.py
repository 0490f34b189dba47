"""Who may do what, and the end of it: putting the users of the settings in force in the running hub."""
