"""Worker processes, and objects that live in them. Knows nothing of faces, voices or sessions."""
