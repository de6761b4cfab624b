"""Benchmarks: the real service as users run it, beside a bare program of the same stack, in turn."""
