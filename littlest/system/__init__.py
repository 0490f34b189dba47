"""The only package that looks at the machine or changes it."""
