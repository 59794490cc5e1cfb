"""What of a sentence's sound a net hears, column by column: its mel and, for some, its phones.

Every column is heard once, in order, from no more sound than it needs; whatever batches it is asked
for in, a sentence gives the same. What is cut from the columns for each picture is `hearing`'s.
"""

import numpy as np

from backend.avatar.lips.mel import HOP_SAMPLES, MEL_BANDS, SILENCE, Float32, Pcm, mel_spectrogram
from backend.avatar.lips.mouth import SPEECH_LEVEL
from backend.avatar.lips.phones import PhoneEar, cepstra, silent_phones
from backend.avatar.network import Network

# A mel column is made of the samples within half an FFT window of its centre; the columns before
# the first one that is used also absorb the start of the pre-emphasis.
HALF_WINDOW_SAMPLES = 400
MARGIN_COLUMNS = 3


class Ear:
    """Hears one sentence from its beginning.

    phones: the net that tells phones apart, for who listens to them. silence: (rows,) a column in
    which nothing is heard; what lies outside the sentence is that.
    """

    def __init__(self, phones: Network | None = None) -> None:
        still = np.full(MEL_BANDS, SILENCE, np.float32)
        self.silence: Float32 = (
            np.concatenate([still, silent_phones(phones)]) if phones is not None else still
        )
        self._phones = PhoneEar(phones) if phones is not None else None
        self._columns = np.empty((len(self.silence), 0), np.float32)

    def listen(self, pcm: Pcm, end: int) -> Float32:
        """All columns before `end`: (rows, end), the mel bands first.

        pcm: (samples,) mono at 16 kHz, the sentence so far from its beginning; after it, silence.
        """
        known = self._columns.shape[1]
        if end > known:
            new = self._heard(pcm, known, end)
            self._columns = np.concatenate([self._columns, new], axis=1)
        return self._columns[:, :end]

    def _heard(self, pcm: Pcm, first: int, end: int) -> Float32:
        """Columns first..end, each of them for the first time."""
        begin = max(0, first - MARGIN_COLUMNS)
        here = pcm[begin * HOP_SAMPLES : samples_for(end)]
        piece = np.zeros(samples_for(end - begin), here.dtype)
        piece[: len(here)] = here
        new = slice(first - begin, end - begin)
        mel = mel_spectrogram(piece)[:, new]
        if self._phones is None:
            return mel
        voiced = mel.max(axis=0) > SPEECH_LEVEL
        return np.concatenate([mel, self._phones.listen(cepstra(piece)[new], voiced).T])


def samples_for(end_column: int) -> int:
    """How much sound the columns before this one need."""
    return (end_column - 1) * HOP_SAMPLES + HALF_WINDOW_SAMPLES
