"""All of a figure but its mouth: how it behaves while it speaks, and the finished frame.

`performance` decides, frame by frame, with `moods`, `head_motion` and `easing`; those are pure.
`scenery` is the face without its speech, `head_warp` moves the head, `camera` puts all together.
"""
