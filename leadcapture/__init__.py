"""LeadCapture: live chat that falls back to an offline form, and lead capture with double opt-in."""

__version__ = "0.1.0"
