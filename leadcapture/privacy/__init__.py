"""A person's rights over all slices: what is held, proof, preferences, erasure, retention."""
