"""Whose turn it is to speak: pure rules and small machines. `session.ear` feeds them with sound.

Time comes in as an argument, in milliseconds of microphone sound. Nothing here knows sockets,
recognisers or replies.
"""
