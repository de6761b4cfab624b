"""Asking people again, because a statement has changed or their consent cannot be proven."""
