"""People brought from elsewhere: with proof of consent they become contacts, without they are kept apart."""
