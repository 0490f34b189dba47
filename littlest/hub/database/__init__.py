"""The hub's database before JupyterHub opens it: what is in it is input, and none of it may keep the hub down."""
