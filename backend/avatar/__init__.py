"""Pictures: what a face does while sound is spoken, frame by frame, and the video of it.

`lips`      from sound, and what a voice says of its own sound, to eight mouth controls
`mouths`    three ways to draw a mouth by controls, and laying it into the frame
`figure`    the rest of who speaks: mood, head, the scene, the finished frame
`pictures`  planes, colours, codecs and containers
`packages`  a face on the disk
`create`    a package made of a photo or a video

`renderer` is what a worker runs; `network` opens a net; `sync` measures what came of it.
"""
