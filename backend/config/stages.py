"""The stages of a reply, from the ear to the face: who does the work, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, model_validator

from backend.config.section import ROOT, Section


class EndOfTurnSettings(Section):
    """When a user who falls silent is taken to be done."""

    speculate_ms: int = Field(200, ge=32, description="Silence after which recognition starts.")
    floor_ms: int = Field(300, ge=32, description="Silence that ends a finished sentence.")
    default_ms: int = Field(500, ge=32, description="Silence that ends what cannot be judged.")
    ceiling_ms: int = Field(1500, ge=32, description="Silence that ends a broken-off sentence.")
    partial_interval_ms: int = Field(
        800, ge=100, description="Least time between two partial transcripts."
    )
    partial_load: float = Field(
        0.5, gt=0, le=1, description="Most of the time that partial transcripts may take."
    )

    @model_validator(mode="after")
    def _longer_and_longer(self) -> EndOfTurnSettings:
        waits = (self.speculate_ms, self.floor_ms, self.default_ms, self.ceiling_ms)
        if list(waits) != sorted(waits):
            raise ValueError("speculate_ms ≤ floor_ms ≤ default_ms ≤ ceiling_ms must hold")
        return self


class BargeInSettings(Section):
    """When the voice of the user stops the avatar."""

    enabled: bool = Field(True, description="Listen while the avatar speaks.")
    pause_ms: int = Field(64, ge=32, description="Possible speech that pauses the avatar.")
    confirm_ms: int = Field(700, ge=100, description="Speech that interrupts whatever it says.")
    verdict_ms: int = Field(
        2000, ge=200, description="A pause without a verdict ends after this: speech goes on."
    )
    guard_ms: int = Field(
        400, ge=0, description="Deaf start of a reply for clients without echo cancellation."
    )


class VadSettings(Section):
    on_threshold: float = Field(0.5, gt=0, lt=1, description="Probability that opens speech.")
    off_threshold: float = Field(0.35, gt=0, lt=1, description="Probability that closes it.")
    open_ms: int = Field(250, ge=32, description="Speech needed to open a segment.")
    pre_roll_ms: int = Field(400, ge=0, description="Audio kept from before the segment opened.")
    max_segment_s: float = Field(30.0, gt=1, description="Longest segment; then it is closed.")


class AsrSettings(Section):
    chain: tuple[Literal["whisper", "pocketsphinx"], ...] = Field(
        ("whisper", "pocketsphinx"), min_length=1, description="Recognisers, best first."
    )
    model: str = Field(
        "small", description="faster-whisper size, hub name, or path of a CTranslate2 folder."
    )
    models_dir: Path = Field(
        ROOT / "models/cache/whisper", description="Where pulled recognition models live."
    )
    auto_pull: bool = Field(
        True, description="Fetch the model in the background when it is not there yet."
    )
    language: str = Field("auto", description="`auto` or a language code such as `en`, `zh`.")
    threads: int = Field(2, ge=1, description="CPU threads of the recogniser.")
    beam_size: int = Field(1, ge=1, le=10, description="Whisper beam width.")
    min_rms: float = Field(
        0.004, ge=0, description="Segments quieter than this (full scale = 1) are not recognised."
    )
    min_speech_ratio: float = Field(
        0.2, ge=0, le=1, description="Segments with less speech than this are not recognised."
    )
    timeout_s: float = Field(20.0, gt=0, description="Bound on one recognition.")


class LlmSettings(Section):
    chain: tuple[Literal["openai", "builtin"], ...] = Field(
        ("openai", "builtin"), min_length=1, description="Language models, best first."
    )
    base_url: str | None = Field(
        None, description="Any OpenAI-compatible endpoint; empty means OpenAI's own."
    )
    api_key: SecretStr | None = Field(
        None,
        description="Key of the endpoint. `OPENAI_API_KEY` in the environment is honoured too.",
    )
    model: str = Field("gpt-4o-mini", description="Model name at the endpoint.")
    system_prompt: str = Field(
        "You are a friendly person on a video call. Answer in the user's language, in one to "
        "three short spoken sentences, without lists or markup.",
        description="The role when a session names none.",
    )
    mood_tags: bool = Field(
        True, description="Ask the model to name a mood in brackets where the face should show it."
    )
    temperature: float = Field(0.7, ge=0, le=2, description="Sampling temperature.")
    max_tokens: int = Field(400, ge=1, description="Longest reply, in tokens.")
    first_token_timeout_s: float = Field(8.0, gt=0, description="Bound on the first token.")
    price_in: float = Field(0.0, ge=0, description="Price of a million tokens of the question.")
    price_out: float = Field(0.0, ge=0, description="Price of a million tokens of the answer.")
    stall_timeout_s: float = Field(
        15.0, gt=0, description="Bound on the silence within an answer; then it counts as cut."
    )


class TtsSettings(Section):
    chain: tuple[Literal["edge", "espeak"], ...] = Field(
        ("edge", "espeak"), min_length=1, description="Voices, best first."
    )
    voices: dict[str, str] = Field(
        {"en": "en-US-AriaNeural", "zh": "zh-CN-XiaoxiaoNeural"},
        description="Edge-TTS voice by language.",
    )
    espeak_voices: dict[str, str] = Field(
        {"en": "en-us+f2", "zh": "cmn+f2"}, description="espeak-ng voice by language."
    )
    rate_percent: int = Field(0, ge=-50, le=100, description="Speed against the voice's own.")
    pitch_hz: int = Field(0, ge=-50, le=50, description="Pitch against the voice's own.")
    first_audio_timeout_s: float = Field(3.0, gt=0, description="Bound on the first sound.")


class AvatarSettings(Section):
    default: str = Field("", description="Avatar id; empty takes nora, or else the first in `dir`.")
    dir: Path = Field(ROOT / "avatars", description="Folder of avatar packages.")
    model: Path = Field(
        ROOT / "models/onnx/lightlips.json",
        description="Lip-sync net: the card of ours, or any ONNX file with the Wav2Lip contract.",
    )
    drawn_by: Literal["net", "warp"] | None = Field(
        None, description="What draws every avatar's mouth; empty takes what its card says."
    )
    net_threads: int = Field(1, ge=1, description="CPU threads of the lip-sync net per worker.")
    finder_python: Path = Field(
        ROOT / ".venv-faces/bin/python",
        description="Python of the face finder, which only `avatar create` and `mark` need.",
    )
    creation: Literal["off", "local", "token"] = Field(
        "local",
        description="Who may make and delete avatars over the network: nobody, the service's own "
        "computer and whoever has `server.token`, or the latter alone.",
    )
    creation_max_mb: int = Field(
        200, ge=1, description="Largest photo or video that is taken for an avatar, in megabytes."
    )
    creation_timeout_s: float = Field(300.0, gt=0, description="Bound on the making of an avatar.")
    timeout_s: float = Field(
        5.0, gt=0, description="Bound on the first picture of a sentence; then it is only spoken."
    )
    head_motion: bool = Field(True, description="The head nods and tilts a little with the voice.")
    cache_dir: Path | None = Field(
        ROOT / "var/avatars",
        description="Folder of decoded loops, which all workers share; empty keeps them in memory.",
    )
    cache_mb: int = Field(
        4000, ge=100, description="Most of it; what was not used for longest goes first."
    )
    crf: int = Field(23, ge=0, le=51, description="x264 quality; lower is better and larger.")
    audio_kbps: int = Field(64, ge=24, description="AAC bit rate.")
