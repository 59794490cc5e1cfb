"""Pictures for docs/lipsync.md: scores by voice, and the opening over a sentence of each kind."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
import numpy as np

from backend.avatar.lips.mel import VIDEO_FPS
from training.card import Numbers
from training.measure import Mouths, opening

mpl.use("Agg")
from matplotlib import pyplot as plt

_DPI = 90
_NOW, _BEFORE, _LOUDNESS, _TRUE = "#1f6f8b", "#9ec5d3", "#cccccc", "#444444"


def voices(path: Path, numbers: Numbers) -> None:
    """Bars by voice: opening correlation beside the older net and loudness; closures."""
    kinds = list(numbers.voices)
    rows = np.arange(len(kinds))[::-1]
    now = [numbers.voices[kind] for kind in kinds]
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 0.55 * len(kinds) + 1), sharey=True)
    left.barh(rows + 0.27, [s.opening for s in now], 0.26, color=_NOW, label="this net")
    if numbers.before:
        before = [numbers.before[kind].opening for kind in kinds]
        left.barh(rows, before, 0.26, color=_BEFORE, label="the net before")
    loudness = [s.loudness for s in now]
    left.barh(rows - 0.27, loudness, 0.26, color=_LOUDNESS, label="loudness alone")
    left.set(title="opening correlation", xlim=(0, 1), yticks=rows, yticklabels=kinds)
    _legend(left)
    right.barh(rows + 0.2, [s.closure_recall for s in now], 0.36, color=_NOW, label="p b m closed")
    false = [s.false_closures for s in now]
    right.barh(rows - 0.2, false, 0.36, color="#c8553d", label="falsely closed")
    right.set(title="closures", xlim=(0, 1))
    _legend(right)
    _save(figure, path)


def traces(path: Path, heard: Mapping[str, Sequence[Mouths]]) -> None:
    """The first sentence of each kind: true and drawn opening, closures shaded."""
    figure, axes = plt.subplots(len(heard), 1, figsize=(10, 1.9 * len(heard)), squeeze=False)
    for axis, (kind, clips) in zip(axes[:, 0], heard.items(), strict=True):
        clip = clips[0]
        times = np.arange(len(clip.drawn)) / VIDEO_FPS
        for start_s, end_s in clip.closures_s:
            axis.axvspan(start_s, end_s, color="#f0d9d3", lw=0)
        axis.plot(times, opening(clip.true), color=_TRUE, lw=1, ls="--", label="true")
        axis.plot(times, opening(clip.drawn), color=_NOW, lw=1.5, label="drawn")
        axis.set_title(kind, fontsize=9, loc="left")
        axis.set(xlim=(0, times[-1]), ylim=(0, 0.6))
    axes[0, 0].legend(loc="upper right", ncols=2, frameon=False, fontsize=8)
    axes[-1, 0].set_xlabel("seconds; p b m shaded")
    _save(figure, path)


def _legend(axis: plt.Axes) -> None:
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, -0.22), ncols=3, frameon=False, fontsize=8)


def _save(figure: plt.Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=_DPI)
    plt.close(figure)
