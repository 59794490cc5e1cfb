"""Which mouth each phoneme wants: the table of shapes that truth and service share.

The shapes are our own, grouped as visemes commonly are (Fisher 1968; MPEG-4 face animation) and
tuned by eye on our head. Phonemes go by espeak-ng's mnemonics for English and Mandarin and by the
IPA that it writes; where a name is both, the two agree. How shapes follow each other in time is
`articulation`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Gate = Literal["lips", "teeth"]


@dataclass(frozen=True, slots=True)
class Viseme:
    """targets: one shape, or the two a diphthong moves between; controls that are missing are 0.

    dominance: how much it prevails over its neighbours. gate: what must touch.
    """

    targets: tuple[Mapping[str, float], ...]
    dominance: float = 1.0
    gate: Gate | None = None


@dataclass(slots=True)
class _Table:
    entries: dict[str, Viseme] = field(default_factory=dict)

    def add(
        self,
        names: str,
        *targets: Mapping[str, float],
        dominance: float = 1.0,
        gate: Gate | None = None,
    ) -> None:
        for name in names.split():
            self.entries[name] = Viseme(targets, dominance, gate)


def _shape(**controls: float) -> Mapping[str, float]:
    return controls


_EE = _shape(jaw=0.13, wide=0.58, lower_down=0.20, upper_up=0.10)
_OO = _shape(jaw=0.12, pucker=0.78, funnel=0.30)
_AH = _shape(jaw=0.60, lower_down=0.22, upper_up=0.10)
_EH = _shape(jaw=0.36, wide=0.34, lower_down=0.20, upper_up=0.10)
_AW = _shape(jaw=0.42, funnel=0.48, pucker=0.20)
_SCHWA = _shape(jaw=0.22, lower_down=0.12, upper_up=0.06)
_SPREAD_OFF = _shape(jaw=0.18, wide=0.46, lower_down=0.17)
_ROUND_OFF = _shape(jaw=0.16, pucker=0.62, funnel=0.28)
_RHOTIC_OFF = _shape(jaw=0.20, pucker=0.22, funnel=0.14)
_Y = _shape(jaw=0.10, pucker=0.66, funnel=0.18, wide=0.10)

_table = _Table()
_table.add("p b m p- ph", _shape(press=1.0, jaw=0.02), dominance=3.0, gate="lips")
_table.add("f v", _shape(fv=1.0, jaw=0.06, upper_up=0.22), dominance=2.2, gate="teeth")
_table.add(
    "T D t[ d[ θ ð", _shape(jaw=0.12, lower_down=0.22, upper_up=0.12, wide=0.10), dominance=0.8
)
_table.add(
    "t d n l s z ? n- l- t# th ts tsh @L ɾ ʔ n̩ əl ɫ",
    _shape(jaw=0.08, wide=0.22, lower_down=0.25, upper_up=0.12),
    dominance=0.7,
)
_table.add(
    "S Z tS dZ s. ts. ts.h ʃ ʒ tʃ dʒ ʂ",
    _shape(funnel=0.55, pucker=0.25, jaw=0.09, lower_down=0.25, upper_up=0.20),
    dominance=1.3,
)
_table.add(
    "S; tS; tS;h ɕ tɕ tɕh",
    _shape(jaw=0.09, wide=0.40, lower_down=0.25, upper_up=0.15),
    dominance=0.9,
)
_table.add("r r- R z. ɹ ɻ", _shape(pucker=0.38, funnel=0.25, jaw=0.12), dominance=0.9)
_table.add("w", _shape(pucker=0.85, funnel=0.20, jaw=0.06), dominance=1.6)
_table.add(
    "k g N x X C Q kh ɡ ŋ χ ç ɣ ʁ",
    _shape(jaw=0.15, lower_down=0.10, upper_up=0.05),
    dominance=0.35,
)
_table.add("h", _shape(jaw=0.20), dominance=0.2)
_table.add("j", _shape(jaw=0.10, wide=0.42, lower_down=0.10), dominance=0.8)
_table.add("A: A a: ɑː ɑ aː", _AH)
_table.add("a aa & { æ", _shape(jaw=0.50, wide=0.30, lower_down=0.25, upper_up=0.15))
_table.add("V VR @2 ʌ", _shape(jaw=0.36, lower_down=0.15, upper_up=0.08))
_table.add("@ 3 a# I# I2 e# ə ɚ ɐ ᵻ", _SCHWA, dominance=0.5)
_table.add("3: @r ɜː ɜ ɝ", _shape(jaw=0.26, pucker=0.25, funnel=0.20))
_table.add("i: i iː", _EE)
_table.add("I IR ɪ", _shape(jaw=0.18, wide=0.36, lower_down=0.15, upper_up=0.06))
_table.add("i. i[ i̪ ɨ", _shape(jaw=0.10, wide=0.26, lower_down=0.24, upper_up=0.12))
_table.add("E e e: ɛ ɛː eː", _EH)
_table.add("eI ei eɪ", _EH, _SPREAD_OFF)
_table.add("0 0# O2 ɒ", _shape(jaw=0.52, funnel=0.22, lower_down=0.10))
_table.add("O: O o: o ɔː ɔ oː", _AW)
_table.add("o- ɤ", _shape(jaw=0.30, wide=0.16, lower_down=0.14, upper_up=0.06))
_table.add("oU @U ou oʊ əʊ", _shape(jaw=0.34, funnel=0.40, pucker=0.20), _ROUND_OFF)
_table.add("u: u uː", _OO)
_table.add("U ʊ", _shape(jaw=0.17, pucker=0.50, funnel=0.25))
_table.add("y yː ø œ", _Y)
_table.add("aI ai aɪ", _AH, _SPREAD_OFF)
_table.add("aU Au aʊ ɑu", _AH, _ROUND_OFF)
_table.add("OI oI ɔɪ", _AW, _SPREAD_OFF)
_table.add("O@ o@ o@r ɔːɹ ɔɹ", _AW, _RHOTIC_OFF)
_table.add("A@ ɑːɹ ɑɹ", _AH, _RHOTIC_OFF)
_table.add("e@ E@ eə ɛɹ", _EH, _RHOTIC_OFF)
_table.add("i@ I@ i@3 i3 i:@ iə ɪɹ", _EE, _RHOTIC_OFF)
_table.add("U@ u@3 ʊɹ ʊə", _OO, _RHOTIC_OFF)
_table.add("aI@ aI3 aɪə aɪɚ", _AH, _shape(jaw=0.22, wide=0.30))
_table.add("aU@ aʊə aʊɚ", _AH, _shape(jaw=0.20, pucker=0.45))
_table.add("iA ia iɑ", _EE, _AH)
_table.add("iE ie iɛ", _EE, _EH)
_table.add("iAu iau iɑu", _EE, _ROUND_OFF)
_table.add("iou iu", _EE, _ROUND_OFF)
_table.add("i@n in", _EE)
_table.add("uA ua uai uAi uɑ uɑi", _OO, _AH)
_table.add("uo", _OO, _AW)
_table.add("u@ uei ui uə", _OO, _EH)
_table.add("ong onɡ", _shape(jaw=0.22, pucker=0.52, funnel=0.35))
_table.add("iong ionɡ", _Y, _ROUND_OFF)
_table.add("yE ye yɛ", _Y, _EH)
_table.add("y& y@ yu yæ yə", _Y, _SCHWA)
_PAUSE = Viseme((_shape(),), dominance=0.7)
_UNKNOWN = Viseme((_shape(jaw=0.15),), dominance=0.3)

_STRESS = "',ˈˌ"


def is_pause(name: str) -> bool:
    """Whether a phoneme's name stands for silence: espeak's `_:` and `_|`, or no name at all."""
    return not name or name.startswith(("_", "|"))


def viseme_of(name: str) -> Viseme:
    """The viseme of a phoneme; a longer unknown name falls back to its beginning."""
    name = name.lstrip(_STRESS)
    if is_pause(name):
        return _PAUSE
    for length in range(len(name), 0, -1):
        if name[:length] in _table.entries:
            return _table.entries[name[:length]]
    return _UNKNOWN
