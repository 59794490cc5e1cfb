"""The command line: run · say · sync · doctor · support-bundle · models · avatar · replay · bench.

Each command is a few lines over a room. Heavy imports happen inside the commands, so that `--help`
answers at once.
"""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from backend import __version__, cli_avatar
from backend.config import Settings, load_settings
from backend.errors import AvatarChatError, ConfigError

if TYPE_CHECKING:
    from backend.doctor import Finding

app = typer.Typer(
    help="Lightweight Avatar Chat: you speak or type, a face answers, on a plain CPU.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
models_app = typer.Typer(
    help="Models: see and fetch recognisers, make lip-sync nets faster.", no_args_is_help=True
)
app.add_typer(models_app, name="models")
app.add_typer(cli_avatar.app, name="avatar")
console = Console(stderr=True)


@app.command()
def run(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="TCP port; 0 takes a free one.")] = None,
) -> None:
    """Serve the page and the API."""
    from backend.logs import configure_logs, secrets_in
    from backend.serve import serve

    settings = _with_address(load_settings(), host, port)
    configure_logs(settings.log, secrets_in(settings))
    listener = _listen(settings.server.host, settings.server.port)
    address, bound_port = listener.getsockname()[:2]
    console.print(
        f"Lightweight Avatar Chat {__version__} at [bold]http://"
        f"{'localhost' if address == '127.0.0.1' else address}:{bound_port}[/]"
    )
    serve(settings, listener)


@app.command()
def say(
    text: Annotated[str, typer.Argument(help="What the avatar says.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="MP4 file to write.")],
    avatar: Annotated[str | None, typer.Option(help="Avatar id.")] = None,
    language: Annotated[str | None, typer.Option(help="Language code, such as en or zh.")] = None,
) -> None:
    """Write one clip of the avatar saying something."""
    from backend.say import say_to_file

    settings = _quiet(load_settings())
    clip = asyncio.run(say_to_file(settings, text, output, avatar, language))
    console.print(
        f"{output}: {clip.frames} frames, {clip.duration_ms / 1000:.2f} s, "
        f"{clip.size / 1024:.0f} KiB, voice {clip.voice}, face {clip.face}"
    )


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show what really runs, and what to do about each fallback."""
    from backend.doctor import examine

    findings = asyncio.run(examine(_quiet(load_settings())))
    if as_json:
        print(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        Console().print(_findings_table(findings))
    if any(finding.verdict == "broken" for finding in findings):
        raise typer.Exit(1)


@app.command("support-bundle")
def support_bundle(
    output: Annotated[Path, typer.Option("-o", "--output", help="ZIP file to write.")] = Path(
        "support-bundle.zip"
    ),
    url: Annotated[str | None, typer.Option(help="Address of the running service.")] = None,
    log: Annotated[Path | None, typer.Option(help="Its log, if that is JSON in a file.")] = None,
) -> None:
    """Gather what helps to find a fault: no secrets, no conversations."""
    from backend.doctor import examine
    from backend.support import write_bundle

    settings = _quiet(load_settings())
    findings = asyncio.run(examine(settings))
    address = url or f"http://127.0.0.1:{settings.server.port}"
    try:
        names = write_bundle(output, settings, findings, address.rstrip("/"), log)
    except OSError as error:
        raise ConfigError(f"{error.filename} cannot be used: {error.strerror}.") from error
    console.print(f"{output}: {', '.join(names)}", highlight=False)


@models_app.command("list")
def models_list() -> None:
    """Show the recognition models and where they are."""
    from backend.models_store import known_models

    table = Table("model", "size", "licence", "here", title="faster-whisper models")
    for model in known_models(load_settings()):
        table.add_row(
            model.name,
            f"{model.size_mb} MB",
            model.licence,
            str(model.path) if model.path else "no; avatar-chat models pull " + model.name,
        )
    Console().print(table)


@models_app.command("pull")
def models_pull(
    name: Annotated[str | None, typer.Argument(help="Model; empty takes the setting's.")] = None,
) -> None:
    """Fetch a recognition model, with resume and checksums."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TaskID,
        TransferSpeedColumn,
    )

    from backend.models_store import pull

    settings = load_settings()
    with Progress(
        "{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=console
    ) as progress:
        bars: dict[str, TaskID] = {}

        def on_progress(file: str, done_bytes: int, total_bytes: int) -> None:
            if file not in bars:
                bars[file] = progress.add_task(file, total=total_bytes)
            progress.update(bars[file], completed=done_bytes)

        path = pull(settings, name or settings.asr.model, on_progress)
    console.print(f"{path} is ready; a running service takes it for its next session.")


@models_app.command("optimize")
def models_optimize(
    file: Annotated[Path, typer.Argument(help="ONNX file with the Wav2Lip contract.")],
    int8: Annotated[bool, typer.Option("--int8", help="Also a twin in eight bits.")] = False,
) -> None:
    """Rewrite a lip-sync net for speed beside FILE, check that it draws the same, and time it."""
    from backend.tuning import tune

    done = tune(file, load_settings().avatar, int8=int8)
    console.print(
        f"{done.path}: {done.replaced} transposed convolutions rewritten, largest difference on "
        f"random input {done.difference:.1e}; {done.before_ms:.1f} ms per frame before, "
        f"{done.after_ms:.1f} ms after",
        highlight=False,
    )
    if done.int8 is not None:
        console.print(
            f"{done.int8}: {done.int8_ms:.1f} ms per frame, least SSIM of a mouth "
            f"{done.likeness:.3f}; used where it is faster",
            highlight=False,
        )
    console.print(f"To use it: AVATAR_CHAT_AVATAR__MODEL={done.path}", highlight=False)


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="Timeline of a session.")],
    html: Annotated[Path | None, typer.Option(help="Write a waterfall of every turn.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Send a recorded conversation through the pipeline again, and show where its time goes."""
    from backend.replay.report import make_report

    report = make_report(file, _quiet(load_settings()))
    if html is not None:
        report.write_html(html)
        console.print(f"{html} is written.")
    if report.remark:
        console.print(report.remark, highlight=False)
    if as_json:
        print(json.dumps(report.as_json(), indent=2))
    else:
        Console().print(report.table())


@app.command()
def sync(
    files: Annotated[list[Path], typer.Argument(help="MP4: a clip, or a reply's parts joined.")],
    avatar: Annotated[str | None, typer.Option(help="Whose face it is.")] = None,
) -> None:
    """Measure how far the mouth is behind its sound, from pictures and sound alone."""
    from backend.avatar import sync as av_sync
    from backend.avatar.lips.listener import load_controls_listener
    from backend.avatar.packages.shelf import find_avatar

    settings = load_settings().avatar
    card = find_avatar(settings.dir, avatar or settings.default).card
    listener = load_controls_listener(settings.model)
    table = Table("file", "offset", "correlation", "drift", title="mouth after sound")
    for file in files:
        try:
            video = av_sync.video_of(file.read_bytes(), card)
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}.") from error
        found = av_sync.measure(av_sync.seen(video), av_sync.heard(listener, video.pcm))
        offset, drift = (f"{1000 * s:+.0f} ms" for s in (found.offset_s, found.drift_s))
        table.add_row(str(file), offset, f"{found.correlation:.2f}", drift)
    Console().print(table)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Measure this machine: latency, rendering, start-up, memory."""
    from bench.main import run_benches

    run_benches(context.args, as_json=as_json)


def _findings_table(findings: list[Finding]) -> Table:
    colours = {"ok": "green", "fallback": "yellow", "broken": "red"}
    advice = Column("what to do", overflow="fold")  # a name of a setting is of no use when cut
    table = Table("component", "runs", "version", "", advice, title="avatar-chat doctor")
    for finding in findings:
        colour = colours[finding.verdict]
        table.add_row(
            finding.component,
            finding.runs,
            finding.version,
            f"[{colour}]{finding.verdict}[/]",
            escape(finding.advice),
        )
    return table


def _quiet(settings: Settings) -> Settings:
    """A command says what it has to say itself; of the log only errors are of interest."""
    from backend.logs import configure_logs

    configure_logs(settings.log.model_copy(update={"level": "error"}))
    return settings


def _with_address(settings: Settings, host: str | None, port: int | None) -> Settings:
    changes = {key: value for key, value in (("host", host), ("port", port)) if value is not None}
    server = settings.server.model_copy(update=changes)
    return settings.model_copy(update={"server": server})


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigError(
            f"server.port = {port}: cannot listen on {host}:{port} ({error.strerror}). "
            "Stop what uses it, or choose another with --port (0 takes a free one)."
        ) from error
    return listener


def main() -> None:
    """Entry point: errors of ours are one clear line, and exit code 1."""
    try:
        app()
    except AvatarChatError as error:
        console.print(f"[red]avatar-chat:[/] {escape(error.message)}", highlight=False)
        sys.exit(1)
