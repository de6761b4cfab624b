"""Conversations between visitors and operators."""
