"""The append-only ledger of what people agreed to and withdrew."""
