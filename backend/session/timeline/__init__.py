"""The black box of a session: everything that happened, as JSON lines.

`open_timeline` is all that a session needs; `events` is what a file holds, `facts` what may be
kept of a message, `writer` the thread that writes. Reading a file again is `backend.replay`.
"""

from backend.session.timeline.events import VERSION, Event, Header
from backend.session.timeline.timeline import NullTimeline, Timeline, open_timeline

__all__ = ["VERSION", "Event", "Header", "NullTimeline", "Timeline", "open_timeline"]
