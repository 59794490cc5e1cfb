"""Why a photo or video does not become an avatar, each with what to do about it.

A refusal's `code` is its name on the wire, so that a page can say it in its reader's language.

AvatarNotCreated
├── Unreadable      no picture and no video that can be decoded
├── HdrVideo        brighter and more colourful than avatars are
├── TooLong         a video of more than a minute
├── TooLarge        more bytes or pixels than are taken
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
├── NoFinder        the face finder is not installed, or fails
├── TooSlow         it took longer than allowed
├── NotAllowed      who asks over the network may not
├── CreationOff     nobody may over the network
└── CreationBusy    another avatar is being made
"""

from __future__ import annotations

from backend.errors import AvatarNotCreated


class Unreadable(AvatarNotCreated):
    code = "unreadable"


class HdrVideo(AvatarNotCreated):
    code = "hdr_video"


class TooLong(AvatarNotCreated):
    code = "too_long"


class TooLarge(AvatarNotCreated):
    code = "source_too_large"


class NoFace(AvatarNotCreated):
    code = "no_face"


class SeveralFaces(AvatarNotCreated):
    code = "several_faces"


class FaceTooSmall(AvatarNotCreated):
    code = "face_too_small"


class FaceTurned(AvatarNotCreated):
    code = "face_turned"


class FaceTilted(AvatarNotCreated):
    code = "face_tilted"


class FaceCutOff(AvatarNotCreated):
    code = "face_cut_off"


class Blurred(AvatarNotCreated):
    code = "blurred"


class MouthOpen(AvatarNotCreated):
    code = "mouth_open"


class EyesClosed(AvatarNotCreated):
    code = "eyes_closed"


class NoQuietStretch(AvatarNotCreated):
    code = "no_quiet_stretch"


class BadName(AvatarNotCreated):
    code = "bad_name"


class AlreadyThere(AvatarNotCreated):
    code = "already_there"


class NoFinder(AvatarNotCreated):
    code = "no_finder"


class TooSlow(AvatarNotCreated):
    code = "too_slow"


class NotAllowed(AvatarNotCreated):
    code = "not_allowed"


class CreationOff(AvatarNotCreated):
    code = "creation_off"


class CreationBusy(AvatarNotCreated):
    code = "creation_busy"
