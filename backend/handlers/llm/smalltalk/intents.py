"""How people ask for things: patterns of what the built-in conversationalist understands.

Each pattern is English (whole words) or Chinese; `KEYWORDS` are tried in order and name the reply.
"""

from __future__ import annotations

import re


def _pattern(english: str, chinese: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE)


GREETING = re.compile(
    r"^\W*(?:hello|hi|hey|howdy|greetings|good (?:morning|afternoon|evening|"
    r"day))\b"
    r"|^\W*(?:你好|您好|嗨|哈喽|早上好|下午好|晚上好|早安|大家好)",
    re.IGNORECASE,
)
NO_GREETING = frozenset(["greet", "greet_named", "bye", "bye_named", "repeat"])
LAST_LINE = _pattern(
    r"what (?:did|have) i (?:just )?sa(?:y|id)|"
    r"what was (?:it )?(?:that )?i (?:just )?said|"
    r"repeat what i said|my last (?:words|message)",
    r"我(?:刚才|刚刚|上一句)(?:话)?(?:跟你)?(?:都)?(?:说|讲)(?:了|的|"
    r"过)?(?:是)?(?:什么|啥)|重复我(?:刚才)?说的",
)
REPEAT = re.compile(
    r"^\W*(?:please )?(?:repeat after me|say after me|say)[:,]? (.{1,200})$|"
    r"^(?:请)?(?:跟我(?:念|说|读)|重复)[：:，,]?\s*(.{1,200})$",
    re.IGNORECASE,
)
ASK_NAME = _pattern(
    r"(?:what(?:'s| is)|do you (?:know|remember)|tell me) my name|who am i",
    r"我叫什么|我的名字(?:是什么|叫什么|吗)|(?:知道|记得)我(?:的名字|叫|是谁)|我是谁",
)
ASK_LIKING = _pattern(r"what do i (?:like|love|enjoy)", r"我喜欢(?:什么|啥)|我爱(?:什么|吃什么)")
ASK_PLACE = _pattern(
    r"where (?:am i from|do i (?:live|come from))", r"我(?:来自|住在?)(?:哪|什么地方)"
)
TIME = _pattern(
    r"what(?:'s| is)? (?:the )?time|time is it|current time|the time",
    r"几点|什么时间|现在(?:的)?时间|报时",
)
DATE = _pattern(
    r"what day|what(?:'s| is)? (?:the )?date|today'?s date|which day|the date|"
    r"what year|what month",
    r"几号|几月|星期几|礼拜几|周几|什么日子|今天(?:的)?日期|哪一天|哪一年|今年是",
)

KEYWORDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "connect",
        _pattern(
            r"(?:connect|use|plug in|add|set up|configure|enable|switch to)\b.{0,30}"
            r"\b(?:model|llm|gpt|openai|ollama|ai|key)|api key|base url|language model",
            r"(?:接入|连接|使用|配置|设置|换成?).{0,12}(?:模型|接口|密钥)|大模型|语言模型|api ?key",
        ),
    ),
    (
        "hearing",
        _pattern(
            r"whisper|hear me|(?:speech|voice) recognition|understand me",
            r"听得?(?:到|见|懂|清)|语音识别|识别",
        ),
    ),
    (
        "human",
        _pattern(
            r"are you (?:a |an )?(?:human|person|real|alive|robot|bot|ai|chatgpt|"
            r"machine|man|woman)",
            r"你是(?:真人|人类|机器人|人吗|活的|真的|男|女|ai)",
        ),
    ),
    (
        "who",
        _pattern(
            r"who are you|what are you|who(?:'s| is) (?:this|there)|your name|"
            r"introduce yourself|"
            r"about yourself|who made you|what(?:'s| is) lightweight avatar chat",
            r"你是谁|你是什么|你叫什么|你的名字|(?:自我)?介绍一?下?你?自己|自我介绍|谁(?:创造|制作|做)了?你|你是哪位",
        ),
    ),
    (
        "likes",
        _pattern(
            r"what do you (?:like|love|enjoy)|do you (?:like|love|enjoy)|"
            r"your (?:hobby|hobbies|favou?rite)",
            r"你(?:最|也)?(?:喜欢|爱)(?:什么|啥|吃|看|听|做|.{1,8}吗)|你的爱好",
        ),
    ),
    (
        "service",
        _pattern(
            r"how (?:do|does) (?:you|this|it|that)(?: \w+)? work|this (?:service|"
            r"website|site|page|program|thing|app)|"
            r"what is this|your lips|lip ?sync|gpu|graphics card",
            r"(?:这个|该)?(?:服务|网站|页面|程序|系统|软件)(?:是|怎么|如何|能)|"
            r"怎么(?:工作|运行|做到)|这是什么|口型|嘴唇|显卡|原理",
        ),
    ),
    (
        "help",
        _pattern(
            r"help|what can (?:you|i) (?:do|ask|say)|can you do|abilities|features|"
            r"how do i use",
            r"帮助|帮帮我|你(?:能|会|可以)(?:做|干)?(?:些|点)?(?:什么|啥)|有什么功能|怎么用|如何使用",
        ),
    ),
    (
        "voice",
        _pattern(
            r"your voice|sound (?:like|so|robotic)|edge ?tts|espeak",
            r"你的声音|声音(?:怎么|好|有点|很)|音色",
        ),
    ),
    (
        "how_are_you",
        _pattern(
            r"how are you|how(?:'s| is) it going|how do you (?:do|feel)|what'?s up|"
            r"how have you been",
            r"你(?:最近|今天|过得)?(?:怎么样|好吗|还好吗|过得好吗)|近来可好",
        ),
    ),
    ("thanks", _pattern(r"thanks?|thank you|thx|cheers", r"谢谢|多谢|感谢|谢啦")),
    (
        "bye",
        _pattern(
            r"bye|goodbye|see you|good night|farewell|take care",
            r"再见|拜拜|晚安|回头见|下次见|走了",
        ),
    ),
    (
        "joke",
        _pattern(r"jokes?|(?:something|anything) funny|make me laugh", r"笑话|逗我|搞笑|好笑的"),
    ),
    (
        "blame",
        _pattern(
            r"you(?:'re| are) (?:so |very |really )?(?:stupid|dumb|bad|useless|wrong|"
            r"slow|boring|an idiot)|shut up|i hate you",
            r"你(?:好|真|太|很|是个?)?(?:笨|蠢|傻|差|没用|错了|无聊|讨厌)|笨蛋|闭嘴",
        ),
    ),
    (
        "praise",
        _pattern(
            r"you(?:'re| are| look| sound) (?:so |very |really )?(?:nice|great|good|"
            r"smart|clever|cute|beautiful|pretty|funny|amazing|kind|awesome|cool)|"
            r"well done|good job|i (?:like|love) you",
            r"你(?:好|真|很|太)(?:棒|好|聪明|可爱|漂亮|厉害|美|有趣)|我(?:喜欢|爱)你|干得好|真棒|好厉害",
        ),
    ),
    (
        "feel_bad",
        _pattern(
            r"i(?:'m| am| feel)(?: \w+)? (?:sad|tired|bad|ill|sick|lonely|angry|bored|"
            r"unhappy|stressed|worried|depressed)",
            r"我(?:今天|现在)?(?:很|好|有点|非常|感到)?(?:难过|伤心|累|不开心|不舒服|生病|孤独|无聊|生气|烦|焦虑|郁闷)",
        ),
    ),
    (
        "feel_good",
        _pattern(
            r"i(?:'m| am| feel)(?: \w+)? (?:happy|fine|good|great|well|ok|okay|"
            r"excited)|(?:fine|good|great|not bad),? thank",
            r"我(?:今天|现在)?(?:很|挺|非常|还)(?:开心|高兴|好|不错|快乐|兴奋)|还不错|挺好的",
        ),
    ),
    (
        "outside",
        _pattern(
            r"weather|forecast|news|stock(?:s| market| price)?|football|score",
            r"天气|新闻|股票|下雨|气温|比分",
        ),
    ),
)
YES = re.compile(
    r"^\W*(?:yes|yeah|yep|sure|ok|okay|of course|right|good|是的?|对的?|好的?|"
    r"嗯|可以|行)\W*$",
    re.I,
)
NO = re.compile(r"^\W*(?:no|nope|not really|never|不|不是|不要|不用|没有|不行)\W*$", re.I)
QUESTION = _pattern(
    r"what|who|whom|whose|where|when|why|how|which|is|are|do|does|did|can|"
    r"could|would|should|will|"
    r"tell me|explain|describe",
    r"讲讲|说说|介绍|解释|什么|谁|哪|为何|为什么|怎么|如何|多少|几|吗|呢|是不是|能不能|可不可以",
)
