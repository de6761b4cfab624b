"""The proof of what one contact agreed to: a pack that checks itself, the same on paper, and a receipt by mail."""
