"""The gateway: WebSocket and plain requests, who may do what, health, operators' numbers.

Nothing is decided here: what a conversation does is `session`'s.
"""
