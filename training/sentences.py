"""What the training voices say, and what the evaluation says instead.

English comes from the docstrings of the Python standard library, read where it is installed, and
from templates of everyday talk; Mandarin from templates. Everything here is our own writing or read
at run time, so no text corpus travels with the project. HELD_OUT is never trained on.
"""

import ast
import itertools
import random
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path

HELD_OUT = {
    "en": (
        "Hello, my name is Nora, and I am happy to meet you.",
        "Please bring the blue paper bag from the top of the cupboard.",
        "What would you like to talk about this morning?",
        "My mother baked a big apple pie for everybody.",
        "The weather will be warm and sunny until Wednesday.",
        "Five very brave people found a safe path home.",
        "I can help you book a table for four at eight.",
        "She sells fresh fish and mushrooms at the harbour shop.",
        "Pam and Bob moved the piano up the ramp.",
        "Thank you so much, that is a wonderful idea.",
        "A small brown rabbit jumped over the wooden fence.",
        "Could you open the window a little before lunch?",
    ),
    "zh": (
        "你好，我叫诺拉，很高兴见到你。",
        "明天下午我们一起去爬山，好不好？",
        "妈妈买了一把蓝色的雨伞和八本书。",
        "请把桌子上的苹果拿给奶奶。",
        "这个办法不错，我们可以慢慢试一试。",
        "外面风很大，别忘了关窗户。",
    ),
}

# fmt: off
_TEMPLATES_EN = (
    ("I", "you", "we", "they", "my brother", "her boss", "both boys", "the farmer", "Emma", "Pete"),
    ("might", "will probably", "would", "could", "must", "should maybe", "never", "always"),
    (
        "buy", "move", "paint", "remember", "borrow", "open", "bring back", "improve", "pick up",
        "look for", "put away", "talk about", "watch", "forget", "wash", "love", "choose", "share",
    ),
    (
        "the boat", "a purple mop", "some warm bread", "the old map", "five big pumpkins",
        "a cheap phone", "the broken lamp", "your umbrella", "two small cups", "the whole poem",
        "a cup of coffee", "the farm house", "good music", "the red chair", "a short film",
        "the first chapter", "my favourite game", "an empty bottle", "the yellow jumper",
    ),
    (
        "tomorrow", "before the bus comes", "by the pool", "from time to time", "at half past five",
        "in the summer", "on a rainy Monday", "with the baby", "because of you",
        "after the meeting", "near the big bridge", "as soon as possible", "without a problem",
        "for the first time",
    ),
)
_TEMPLATES_ZH = (
    ("我", "你们", "他", "我的朋友", "爸爸", "小猫", "那位老师", "邻居", "弟弟和妹妹", "医生"),
    ("今天", "昨天晚上", "明天早上", "常常", "已经", "马上", "星期五", "有时候", "下个月", "不会"),
    ("在家里", "在公园", "从北京", "和朋友", "坐火车", "在学校门口", "给妈妈", "跟我们", "在水边"),
    (
        "吃苹果", "买面包和牛奶", "看电影", "学中文", "写一封信", "打电话", "跑步", "做饭", "喝茶",
        "拍照片", "唱歌跳舞", "画一幅画", "种花", "准备晚饭", "听音乐", "卖葡萄",
        "修自行车", "放风筝",
    ),
    ("。", "吗？", "，非常高兴。", "，别担心。", "，没问题吧？", "，因为天气很好。"),
)
# fmt: on


def english(count: int, seed: int) -> list[str]:
    """Distinct sentences, two docstring ones for each template one, in a seeded order."""
    shuffler = random.Random(seed)
    harvested = sorted(set(_docstring_sentences()))
    shuffler.shuffle(harvested)
    harvested = harvested[: 2 * count // 3]
    built = _fill(_TEMPLATES_EN, count - len(harvested), shuffler, " ", ".")
    sentences = [*harvested, *built]
    shuffler.shuffle(sentences)
    return sentences


def mandarin(count: int, seed: int) -> list[str]:
    return _fill(_TEMPLATES_ZH, count, random.Random(seed), "", "")


def _fill(
    slots: tuple[tuple[str, ...], ...], count: int, shuffler: random.Random, glue: str, end: str
) -> list[str]:
    every = [glue.join(words) + end for words in itertools.product(*slots)]
    return shuffler.sample(every, count)


def _docstring_sentences() -> Iterator[str]:
    for path in sorted(Path(sysconfig.get_path("stdlib")).glob("*.py")) + sorted(
        Path(sysconfig.get_path("stdlib")).glob("[a-z]*/*.py")
    ):
        if "site-packages" not in path.parts and "test" not in path.parts:
            yield from _speakable(path)


def _speakable(path: Path) -> Iterator[str]:
    """Plain sentences of 5 to 14 short words from one module's docstrings."""
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return  # a few library files are deliberately broken Python
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    for node in ast.walk(tree):
        text = (ast.get_docstring(node) or "") if isinstance(node, documented) else ""
        for sentence in re.split(r"\n\s*\n|(?<=[a-z])\.\s", text):
            line = " ".join(sentence.split()).rstrip(".")
            words = line.split()
            plain = re.fullmatch(r"[A-Za-z][A-Za-z ,']+", line)
            if plain and 5 <= len(words) <= 14 and max(map(len, words)) <= 12:
                yield line + "."
