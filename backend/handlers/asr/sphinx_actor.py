"""What lives in the worker process: one PocketSphinx decoder, fed in small slices.

Its acoustic features are normalised by their mean over the utterance. A decoder that is fed in
slices has to guess that mean and mishears the beginning, so a second, cheap decoder (one
keyword, hardly any search) hears the whole utterance first and hands its mean over.
"""

from __future__ import annotations

from backend.handlers.messages import SAMPLE_RATE


class SphinxActor:
    """PCM is mono s16le at `SAMPLE_RATE`, as bytes."""

    def __init__(self) -> None:
        from pocketsphinx import Decoder  # 0.3 s with its model

        common = {"samprate": SAMPLE_RATE, "loglevel": "FATAL"}
        self._decoder = Decoder(**common)
        self._listener = Decoder(**common, lm=None, keyphrase="hello", kws_threshold=0.1)
        self._is_open = False

    def begin(self, utterance: bytes) -> None:
        """Begin an utterance, all of which is `utterance`; one that was left open is forgotten."""
        if self._is_open:
            self._decoder.end_utt()
        for decoder in (self._listener, self._decoder):
            decoder.reinit_feat()  # forget the noise of the last one's room
        self._listener.start_utt()
        self._listener.process_raw(utterance, no_search=True, full_utt=True)
        self._decoder.set_cmn(self._listener.get_cmn(False))
        self._listener.end_utt()
        self._decoder.start_utt()
        self._is_open = True

    def feed(self, part: bytes) -> None:
        """Hear the next part of the utterance."""
        self._decoder.process_raw(part, no_search=False, full_utt=False)

    def finish(self) -> str:
        """The words heard; "" for none. The decoder keeps nothing of them."""
        self._decoder.end_utt()
        self._is_open = False
        best = self._decoder.hyp()
        words = str(best.hypstr) if best else ""
        # What it has understood and what else it might have been, a megabyte of it, lives until the
        # next utterance, which may be another visitor's: so this is one, of nothing.
        self._decoder.start_utt()
        self._decoder.end_utt()
        return words
