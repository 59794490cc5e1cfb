"""Time, date and numbers as a person says them."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

_WEEKDAYS_ZH = "一二三四五六日"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OPERATORS = {
    "en": {"+": "plus", "-": "minus", "*": "times", "/": "divided by", "^": "to the power of"},
    "zh": {"+": "加", "-": "减", "*": "乘以", "/": "除以", "^": "的乘方，指数是"},
}
_ROOT = {"en": "the square root of", "zh": "根号"}


def say_time(now: datetime, language: str) -> str:
    """ "3:05 PM" or "下午3点05分"."""
    hour = now.hour % 12 or 12
    if language == "zh":
        minute = f"{now.minute:02d}分" if now.minute else "整"
        return f"{_part_of_day(now.hour)}{hour}点{minute}"
    return f"{hour}:{now.minute:02d} {'AM' if now.hour < 12 else 'PM'}"


def say_date(now: datetime, language: str) -> str:
    """ "Saturday, November 21, 2026" or "2026年11月21日，星期六"."""
    if language == "zh":
        weekday = _WEEKDAYS_ZH[now.weekday()]
        return f"{now.year}年{now.month}月{now.day}日，星期{weekday}"
    return f"{_WEEKDAYS[now.weekday()]}, {_MONTHS[now.month - 1]} {now.day}, {now.year}"


def say_number(value: Fraction) -> tuple[str, bool]:
    """Digits, and whether they are the whole truth."""
    if value.denominator == 1:
        return str(value.numerator), True
    text = f"{float(value):.4f}".rstrip("0").rstrip(".")
    return text, Fraction(text) == value


def say_sum(tokens: tuple[str, ...], language: str) -> str:
    """The sum in words: "12 times 7", "12乘以7"."""
    words = [_ROOT[language] if token == "sqrt" else token for token in tokens]
    spoken = [_OPERATORS[language].get(word, word) for word in words]
    return ("" if language == "zh" else " ").join(spoken)


def _part_of_day(hour: int) -> str:
    for end, name in ((5, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午")):
        if hour < end:
            return name
    return "晚上"
