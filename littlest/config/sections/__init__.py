"""One file for each group of settings, and the rules that their values follow. Pure."""
