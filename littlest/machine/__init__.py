"""The machine: a root directory and a way to run commands. The only package that starts processes."""
