"""Reply text on its way to the voice: cut into pieces, cleaned for speaking, its language told.

Pure functions and state machines; no model, no transport.
"""
