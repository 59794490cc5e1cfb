"""Making an avatar package from a photo or a video. Not on the serving path."""
