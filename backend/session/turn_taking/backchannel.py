"""Short words that say "go on": not meant to take the turn. Exact utterances only."""

from __future__ import annotations

import re

_EN = (
    *("uh huh", "uhuh", "mm hm", "mm hmm", "mhm", "mm", "mmm", "hm", "hmm", "huh", "ah", "aha"),
    *("oh", "wow", "yeah", "yea", "yep", "yup", "yes", "ok", "okay", "right", "alright"),
    *("all right", "sure", "i see", "got it", "cool", "nice", "great", "good", "exactly"),
    *("true", "really", "interesting", "of course", "makes sense"),
)
_ZH = (
    *("嗯", "嗯哼", "唔", "对", "对的", "对啊", "对呀", "好", "好的", "好吧", "好啊", "哦", "噢"),
    *("喔", "啊", "哇", "是", "是的", "是啊", "是吗", "行", "明白", "明白了", "知道了", "懂了"),
    *(
        "了解",
        "没错",
        "不错",
        "这样啊",
        "这样",
        "原来如此",
        "可以",
        "哈哈",
        "呵呵",
        "真的",
        "真的吗",
    ),
)
_MOST_IN_A_ROW = 3


def _in_a_row(units: tuple[str, ...], between: str) -> re.Pattern[str]:
    unit = "|".join(sorted(map(re.escape, units), key=len, reverse=True))
    return re.compile(rf"(?:{unit})(?:{between}(?:{unit})){{0,{_MOST_IN_A_ROW - 1}}}")


_BACKCHANNEL = (_in_a_row(_EN, " "), _in_a_row(_ZH, " ?"))
_NOT_A_WORD = re.compile(r"[\W_]+")


def is_backchannel(text: str) -> bool:
    """Whether the whole utterance is one to three such words, whatever the signs between them."""
    said = _NOT_A_WORD.sub(" ", text.lower()).strip()
    return any(pattern.fullmatch(said) for pattern in _BACKCHANNEL)
