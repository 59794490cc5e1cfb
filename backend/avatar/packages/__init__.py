"""A face on the disk: what its package must hold, and its decoded loops.

`card` and `package` say what is whole, `shelf` which there are; `tracks` are all loops as pictures,
read by `video` and `still`, kept by `track_cache`; `facebox` and `marks` say where face and mouth
are; `stacked_clip` is what a page shows; `removal` takes a face away.
"""
