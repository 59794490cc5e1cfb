"""Lightweight Avatar Chat: you speak or type, a face answers, on a plain CPU."""

__version__ = "0.1.0"
