"""The built-in conversationalist: no model, no network, always there. See `smalltalk`."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime

from backend.handlers.base import BaseHandler
from backend.handlers.llm.smalltalk.conversation import answer
from backend.handlers.messages import Prompt, TextDelta

_LONGEST_LINE = 2000
_WORD = re.compile(
    r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]|[^\s\u3000-\u9fff\uff00-\uffef]+\s*|\s+"
)


class BuiltinLlm(BaseHandler[Prompt, TextDelta]):
    component = "llm"
    provider = "builtin"

    async def process(self, item: Prompt) -> AsyncIterator[TextDelta]:
        """Stream the reply word by word."""
        said = [message.content for message in item.messages if message.role == "user"]
        line = said[-1][:_LONGEST_LINE] if said else ""
        now = datetime.now().astimezone()
        reply = answer(line, said[:-1], item.language, now)
        for word in _WORD.findall(reply):
            yield TextDelta(item.stamp, word)
            await asyncio.sleep(0)
