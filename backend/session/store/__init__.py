"""Where conversations wait for a client that lost its line: the record, and the places for it."""
