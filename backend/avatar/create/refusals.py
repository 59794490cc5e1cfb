"""Why a photo or video does not become an avatar, each with what to do about it.

AvatarNotCreated
├── Unreadable      no picture and no video that can be decoded
├── TooLong         a video of more than a minute
├── NoFace          nobody is in the picture
├── SeveralFaces    more than one person is
├── FaceTooSmall    too few pixels
├── FaceTurned      seen from the side
├── FaceTilted      leaning to a shoulder
├── FaceCutOff      no room around it
├── Blurred         no detail
├── MouthOpen       lips apart
├── EyesClosed      in a photo, which has to blink
├── NoQuietStretch  a video in which no few seconds can be a loop
├── BadName         no id can be made of the name
├── AlreadyThere    an avatar has this id
└── NoFinder        the face finder is not installed, or fails
"""

from __future__ import annotations

from backend.errors import AvatarNotCreated


class Unreadable(AvatarNotCreated):
    pass


class TooLong(AvatarNotCreated):
    pass


class NoFace(AvatarNotCreated):
    pass


class SeveralFaces(AvatarNotCreated):
    pass


class FaceTooSmall(AvatarNotCreated):
    pass


class FaceTurned(AvatarNotCreated):
    pass


class FaceTilted(AvatarNotCreated):
    pass


class FaceCutOff(AvatarNotCreated):
    pass


class Blurred(AvatarNotCreated):
    pass


class MouthOpen(AvatarNotCreated):
    pass


class EyesClosed(AvatarNotCreated):
    pass


class NoQuietStretch(AvatarNotCreated):
    pass


class BadName(AvatarNotCreated):
    pass


class AlreadyThere(AvatarNotCreated):
    pass


class NoFinder(AvatarNotCreated):
    pass
