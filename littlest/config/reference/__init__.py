"""What can be set: the list of settings, their help, their JSON schema, and keys as people write them. Pure."""
