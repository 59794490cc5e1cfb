"""Pictures as planes of numbers and as bytes of a video; faces do not belong here.

`planes`, `colour`, `matte`, `likeness`; `codecs` (x264 and AAC); `encoder` with its two containers,
`file_encoder` and `stream_encoder`, the latter of `fragments`.
"""
