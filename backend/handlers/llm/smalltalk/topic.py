"""What a line is about, roughly: its last run of words that carry meaning."""

from __future__ import annotations

import re

_MOST_WORDS = 5
_MOST_CHARS_ZH = 10
_EMPTY_WORDS = """
    a an the and or but so if then than that this these those there here it its he she they them
    him her his their we us our you your yours i me my mine is are am was were be been being
    do does did done have has had can could will would shall should may might must to of in on
    at by for with from about into over under as what who whom whose where when why how which
    not no yes very really just only also too some any all much many more most please tell
    know think say said talk speak want like get got go going went let explain describe hello hi
    hey well okay ok um uh oh it's i'm you're don't what's that's there's i've i'd i'll let's
    give make need something anything thing things one now today yesterday tomorrow
"""
_EMPTY_EN = frozenset(_EMPTY_WORDS.split())
_EMPTY_ZH = re.compile(
    r"请问|请|你|您|我们|我|他们|她们|他|她|它|知道|告诉|觉得|认为|想要|想|可以|能不能|能|会|"
    r"什么是|什么|为什么|怎么样|怎么|如何|哪里|哪个|哪|谁|多少|几个|吗|呢|啊|吧|呀|了|是不是|是|有没有|有|关于|一下|一些|的话|说说|说|讲讲|讲|聊聊|"
    r"聊|给|帮|很|介绍|解释|非常|真的|今天|现在|昨天|明天|这个|那个|这|那|都|也|还|就|不|没|和|跟|与|在|去|来|要|把|被|对|从|到|让"
)
_ARTICLES = {"the": "the", "a": "a", "an": "an", "my": "your", "your": "my", "our": "your"}
"""What stays in front of a topic, as the other side of the table says it."""
_WORD = re.compile(r"[A-Za-z0-9][\w'-]*")
_HAN = re.compile(r"[\u4e00-\u9fffA-Za-z0-9]+")


def topic_of(line: str, language: str) -> str:
    """A short phrase out of `line`, or "" when nothing in it stands out."""
    return _chinese(line) if language == "zh" else _english(line)


def _english(line: str) -> str:
    runs: list[list[str]] = [[]]
    article = ""
    for word in _WORD.findall(line):
        if word.lower() in _EMPTY_EN:
            article = _ARTICLES.get(word.lower(), "")
            runs.append([])
        else:
            if not runs[-1] and article:
                runs[-1].append(article)
            runs[-1].append(word)
    longest = max(runs, key=lambda run: (len(run), len("".join(run))))
    return " ".join(longest[:_MOST_WORDS])


def _chinese(line: str) -> str:
    runs = _HAN.findall(_EMPTY_ZH.sub(" ", line).replace("的 ", " "))
    runs = [run.strip("的") for run in runs]
    return max(runs, key=len, default="")[:_MOST_CHARS_ZH]
