"""From YAML text to a Config or the text's problems, and back to text. Pure."""
