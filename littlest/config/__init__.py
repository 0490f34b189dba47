"""The settings: one strict model, read from one YAML file."""
