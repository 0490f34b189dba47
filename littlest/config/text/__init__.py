"""From YAML text to a Config, or to every problem that the text has; and back to text. Pure."""
