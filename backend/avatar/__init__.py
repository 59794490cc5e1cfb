"""Pictures: what a face does while sound is spoken, frame by frame, and the video of it.

Hearing: `mel`, `ear`, `hearing`, `listener`, `phones`, `loudness`; with the marks of a voice,
`articulation*`. What it comes to: the eight controls of `mouth`, with `moods` and `head_motion`.
Drawing: `painter` with `generator` (a mouth of its own), `lipsync` (a net of Wav2Lip's kind) or
`warp*` (the picture itself); `compositor`, `laying` and `head_warp` lay it into the frame.
Coding: `codecs`, `stream_encoder`, `file_encoder`, `fragments`.
A package on the disk: `card`, `package`, `shelf`, `template`, `tracks`, `matte`;
how one goes, `removal`.
`renderer` is what a worker runs; `sync` measures what came of it.
"""
