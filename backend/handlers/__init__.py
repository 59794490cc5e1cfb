"""The stages of a reply: `base` says what one is, each provider is a file in its stage's folder.

`chains` puts the configured ones in a row, `fallback` goes down it. Nothing here knows a client.
"""
