"""Mouth controls to a drawn mouth in its frame.

`painter` has three ways: a `generator` of the avatar's own, `lipsync` (a net of Wav2Lip's kind),
or `warp*` (the picture itself, moved). `template` is the loop that they draw on; `compositor` and
`laying` lay what a net has drawn into it, without a seam.
"""
