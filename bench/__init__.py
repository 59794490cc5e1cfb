"""Timings of the product on this machine. Tests hold no timings; these files hold no asserts."""
