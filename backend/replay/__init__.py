"""A conversation once more: a recorded timeline drives the real pipeline in audio time.

`reading` reads a timeline, `drive` sends it through a session, `page` plays the client, `turns`
finds the stages of every reply, `table` and `waterfall` show them.
"""
