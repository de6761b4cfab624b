"""The demo shop: its data and its host page."""
