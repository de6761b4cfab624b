"""What looks like spam, and how operators teach it."""
