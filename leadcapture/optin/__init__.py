"""The life of a confirmation: request, resend, redeem, expire."""
