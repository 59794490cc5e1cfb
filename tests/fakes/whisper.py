"""A tiny Whisper model with random weights, as a real CTranslate2 folder.

Loading, encoding, language detection and decoding are real; the text is gibberish.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec
from faster_whisper.tokenizer import _LANGUAGE_CODES
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

WIDTH, INNER, MELS = 64, 128, 80
_AUDIO_POSITIONS, _TEXT_POSITIONS = 1500, 448
_TIMES = 1501
_SPECIAL_BEFORE = ("<|endoftext|>", "<|startoftranscript|>")
_SPECIAL_AFTER = (
    *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>"),
    *("<|nospeech|>", "<|notimestamps|>"),
)


def build_tiny_whisper(folder: Path, seed: int = 0) -> Path:
    """Write the model (under 1 MB, 0.1 s); returns `folder`."""
    tokenizer, vocabulary = _tokenizer()
    spec = _Builder(np.random.default_rng(seed)).whisper(len(vocabulary))
    languages = [f"<|{code}|>" for code in _LANGUAGE_CODES]
    spec.register_vocabulary(vocabulary)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [tokenizer.token_to_id("<|endoftext|>")]
    spec.config.alignment_heads = [[0, 0]]
    spec.config.lang_ids = [tokenizer.token_to_id(language) for language in languages]
    folder.mkdir(parents=True, exist_ok=True)
    spec.validate()
    spec.optimize(quantization="int8")
    spec.save(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    features = {
        "feature_size": MELS,
        "sampling_rate": 16000,
        "hop_length": 160,
        "chunk_length": 30,
        "n_fft": 400,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(features))
    return folder


def _tokenizer() -> tuple[Tokenizer, list[str]]:
    # An empty token in the vocabulary is how CTranslate2 knows a multilingual model.
    tokens = [*sorted(pre_tokenizers.ByteLevel.alphabet()), ""]
    languages = [f"<|{code}|>" for code in _LANGUAGE_CODES]
    special = [*_SPECIAL_BEFORE, *languages, *_SPECIAL_AFTER]
    vocabulary = {token: index for index, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in special]
    )
    times = [f"<|{index * 0.02:.2f}|>" for index in range(_TIMES)]
    return tokenizer, [*tokens, *special, *times]


class _Builder:
    """Fills the layers of a spec with random weights."""

    def __init__(self, random: np.random.Generator) -> None:
        self._random = random

    def whisper(self, vocabulary_size: int) -> Any:
        spec = whisper_spec.WhisperSpec(1, 1, 1, 1)
        encoder, decoder = spec.encoder, spec.decoder
        for convolution, width in ((encoder.conv1, MELS), (encoder.conv2, WIDTH)):
            convolution.weight, convolution.bias = self._weight(WIDTH, width, 3), _zeros(WIDTH)
        encoder.position_encodings.encodings = self._weight(_AUDIO_POSITIONS, WIDTH)
        self._norm(encoder.layer_norm)
        for layer in encoder.layer:
            self._attention(layer.self_attention, is_self=True)
            self._feed_forward(layer.ffn)
        decoder.embeddings.weight = self._weight(vocabulary_size, WIDTH)
        # Large, or the same letter would be said for ever, which the service takes for noise.
        decoder.position_encodings.encodings = 20 * self._weight(_TEXT_POSITIONS, WIDTH)
        decoder.projection.weight = decoder.embeddings.weight
        decoder.scale_embeddings = False
        self._norm(decoder.layer_norm)
        for layer in decoder.layer:
            self._attention(layer.self_attention, is_self=True)
            self._attention(layer.attention, is_self=False)
            self._feed_forward(layer.ffn)
        return spec

    def _attention(self, attention: Any, *, is_self: bool) -> None:
        widths = (3 * WIDTH, WIDTH) if is_self else (WIDTH, 2 * WIDTH, WIDTH)
        for linear, width in zip(attention.linear, widths, strict=True):
            self._linear(linear, width, WIDTH)
        self._norm(attention.layer_norm)

    def _feed_forward(self, layer: Any) -> None:
        self._linear(layer.linear_0, INNER, WIDTH)
        self._linear(layer.linear_1, WIDTH, INNER)
        self._norm(layer.layer_norm)

    def _linear(self, linear: Any, out: int, inside: int) -> None:
        linear.weight, linear.bias = self._weight(out, inside), _zeros(out)

    def _norm(self, norm: Any) -> None:
        norm.gamma, norm.beta = np.ones(WIDTH, np.float32), _zeros(WIDTH)

    def _weight(self, *shape: int) -> np.ndarray:
        return (self._random.standard_normal(shape) * 0.05).astype(np.float32)


def _zeros(*shape: int) -> np.ndarray:
    return np.zeros(shape, np.float32)
