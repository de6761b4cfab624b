"""The people who answer: accounts, roles, sign-in, presence."""
