"""Blender scene of the avatar: head, hair, clothes, light, and the scripts that render it.

Only this package imports `bpy`; it runs in its own environment (`requirements-render.txt`).
"""
