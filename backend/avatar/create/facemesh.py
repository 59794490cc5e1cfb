"""A program of its own: pictures in on stdin, face meshes out on stdout, one JSON line each.

It runs in the environment that `make face-finder` builds, because MediaPipe's pins do not go with
the service's. It therefore imports nothing of the service. The first line it prints says ready.

In: width and height as two big-endian u32, then RGB bytes. Out: a list of faces, each a list of
[x, y], 0..1 in the picture. Argument: `still` for photos, `moving` for consecutive frames.
"""

from __future__ import annotations

import json
import struct
import sys

import mediapipe as mp
import numpy as np

MOST_FACES = 3


def main() -> None:
    options = {
        "static_image_mode": sys.argv[1] == "still",
        "refine_landmarks": True,
        "max_num_faces": MOST_FACES,
    }
    source = sys.stdin.buffer
    with mp.solutions.face_mesh.FaceMesh(**options) as mesh:
        print(json.dumps("ready"), flush=True)
        while header := source.read(8):
            width, height = struct.unpack(">II", header)
            pixels = np.frombuffer(source.read(width * height * 3), np.uint8)
            found = mesh.process(pixels.reshape(height, width, 3)).multi_face_landmarks
            faces = [[(p.x, p.y) for p in face.landmark] for face in found or ()]
            print(json.dumps(faces), flush=True)


if __name__ == "__main__":
    main()
