"""The outbox and everything that gets an e-mail out of it."""
