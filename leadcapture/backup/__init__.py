"""Keeping and bringing back all the data of an installation, and who may use it at one time."""
