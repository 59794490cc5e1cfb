"""Samples that several test folders share lie beside this folder; fakes come as fixtures."""

import sys
from pathlib import Path

from tests.fakes.fixtures import edge, make_context, tiny_whisper

__all__ = ["edge", "make_context", "tiny_whisper"]

sys.path.insert(0, str(Path(__file__).parents[1]))
