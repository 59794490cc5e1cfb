"""Sound to video, drawn in a worker, and a look at what was drawn. The pictures are `avatar`'s."""
