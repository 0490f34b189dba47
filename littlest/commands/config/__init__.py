"""One file for each part of `littlest config`; each verb returns a report."""
