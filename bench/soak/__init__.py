"""`make soak`: people who come, talk, interrupt, drop and leave for hours, and what that leaves."""
