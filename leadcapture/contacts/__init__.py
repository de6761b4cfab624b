"""People known by a confirmed address."""
