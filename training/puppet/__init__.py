"""The puppet: a rendered person's stills, moved by hand-written performances, as frames of video.

Everything that moves is moved in image space, by the geometry that was rendered with the stills.
Packing and encoding do not belong here: `training/package_avatar.py`.
"""
