"""The command line's avatars: list · create · preview · mark · delete."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status
from rich.table import Table

from backend.avatar.create.progress import Tell
from backend.config import load_settings

app = typer.Typer(help="Avatars: see, make, try and remove.", no_args_is_help=True)
console = Console(stderr=True)

_STEPS = {
    "find": "Looking for the face",
    "choose": "Choosing the calmest seconds",
    "draw": "Drawing the loop",
    "mark": "Marking the mouth in each frame",
    "pack": "Writing the package",
}
_PREVIEW = "Hello, how do you do? My mouth moves with every word: papa, vivid, choose, three, wow."


def _shown_in(status: Status) -> Tell:
    return lambda step, part: status.update(f"{_STEPS[step]} · {part:.0%}")


@app.command("list")
def list_() -> None:
    """Show the avatars and what draws them."""
    from backend.avatar.packages.shelf import broken_avatars, list_avatars

    settings = load_settings().avatar
    table = Table("id", "name", "size", "loop", "drawn by", "licence", title=str(settings.dir))
    for package in list_avatars(settings.dir):
        card = package.card
        size, loop = f"{card.width}x{card.height}", f"{card.frames / card.fps:.1f} s"
        drawn_by = settings.drawn_by or card.engine
        table.add_row(card.id, card.name, size, loop, drawn_by, card.licence)
    Console().print(table)
    for problem in broken_avatars(settings.dir).values():
        console.print(f"[red]broken:[/] {escape(problem)}", highlight=False)


@app.command()
def create(
    source: Annotated[Path, typer.Argument(help="A photo, or a video of up to a minute.")],
    name: Annotated[str, typer.Option(help="Its name on the page.")],
    avatar_id: Annotated[str | None, typer.Option("--id", help="Id; else from the name.")] = None,
    portrait: Annotated[bool, typer.Option(help="480x640 instead of 512x512.")] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace the avatar of this id.")] = False,
    licence: Annotated[str, typer.Option(help="Who may use it.")] = "All rights reserved",
    credit: Annotated[str, typer.Option(help="Who took the picture.")] = "",
) -> None:
    """Make an avatar of one face that looks into the camera with its mouth closed."""
    from backend.avatar.create import maker
    from backend.avatar.create.files import About
    from backend.avatar.create.finder import MediaPipe
    from backend.avatar.packages.track_cache import TrackCache

    settings = load_settings().avatar
    cache = TrackCache(settings.cache_dir)
    about = About(avatar_id or maker.id_of(name), name, licence, credit)
    size = maker.PORTRAIT if portrait else maker.SQUARE
    order = maker.Order(source, about, size, overwrite)
    with console.status("") as status:
        finders = MediaPipe(settings.finder_python)
        package = maker.create(order, settings.dir, finders, _shown_in(status), cache)
    console.print(
        f"{package.root} is ready. See it talk: avatar-chat avatar preview {about.id}",
        highlight=False,
    )


@app.command()
def preview(
    avatar_id: Annotated[str, typer.Argument(help="Avatar id.")],
    output: Annotated[Path | None, typer.Option("-o", help="MP4 file; else <id>.mp4.")] = None,
    text: Annotated[str, typer.Option(help="What it says.")] = _PREVIEW,
    language: Annotated[str, typer.Option(help="Language code.")] = "en",
) -> None:
    """Write a short clip of the avatar talking."""
    from backend.logs import configure_logs
    from backend.say import say_to_file

    settings = load_settings()
    configure_logs(settings.log.model_copy(update={"level": "error"}))
    path = output or Path(f"{avatar_id}.mp4")
    clip = asyncio.run(say_to_file(settings, text, path, avatar_id, language))
    console.print(f"{path}: {clip.duration_ms / 1000:.1f} s, {clip.size / 1024:.0f} KiB")


@app.command()
def mark(avatar_id: Annotated[str, typer.Argument(help="Avatar id.")]) -> None:
    """Find the mouth in an avatar that has no marks, so that it can be warped."""
    from backend.avatar.create import maker
    from backend.avatar.create.finder import MediaPipe
    from backend.avatar.packages.shelf import find_avatar

    settings = load_settings().avatar
    package = find_avatar(settings.dir, avatar_id)
    with console.status("") as status:
        finders = MediaPipe(settings.finder_python)
        maker.mark(package, finders, _shown_in(status))
    console.print(f"{package.marks} is written.", highlight=False)


@app.command()
def delete(
    avatar_id: Annotated[str, typer.Argument(help="Avatar id.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove an avatar, its files and what is cached of it."""
    from backend.avatar.packages.removal import remove
    from backend.avatar.packages.shelf import find_folder
    from backend.avatar.packages.track_cache import TrackCache

    settings = load_settings().avatar
    folder = find_folder(settings.dir, avatar_id)
    if not yes:
        typer.confirm(f"Remove {folder} for good?", abort=True)
    remove(folder, TrackCache(settings.cache_dir))
    console.print(f"{folder} is removed.", highlight=False)
