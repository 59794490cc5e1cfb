"""What the built-in conversationalist can say. Text only: `{name}` and the like are filled in.

Several lines under one key are said in turn, so that it does not repeat itself.
"""

from __future__ import annotations

Replies = dict[str, tuple[str, ...]]

ENGLISH: Replies = {
    "greet": ("Hello! It is nice to see you.", "Hi there! How can I help you today?"),
    "greet_named": ("Hello, {name}! It is nice to see you.", "Hi {name}! Good to hear from you."),
    "greet_first": ("Hello, nice to meet you! ",),
    "greet_back": ("Hello! ",),
    "who": (
        "I am the small built-in chat program of this service, not a language model. I can "
        "tell the time, do simple sums and chat a little.",
        "I am a little program with a face. There is no language model behind me, just rules, "
        "so I keep things simple.",
    ),
    "how_are_you": (
        "I am doing well, thank you! How are you?",
        "Very well, thanks for asking. And you?",
    ),
    "name_given": ("Nice to meet you, {name}!", "Good to know, {name}. I will remember that."),
    "name_known": ("Your name is {name}.", "You told me that you are {name}."),
    "name_unknown": ("You have not told me your name yet. What is it?",),
    "said": ('You just said: "{said}"', 'Your last words were: "{said}"'),
    "said_nothing": ("You have not said anything before this.",),
    "repeat": ("{said}",),
    "liking_given": (
        "I see, you like {liking}. What do you like about it?",
        "{liking}, that sounds good! Since when?",
    ),
    "liking_known": ("You told me that you like {liking}.",),
    "liking_unknown": ("You have not told me yet what you like. Tell me!",),
    "place_given": ("{place}, how nice! What do you like most there?",),
    "place_known": ("You told me about {place}.",),
    "place_unknown": ("You have not told me yet where you are from.",),
    "time": ("It is {time} here.", "My clock says {time}."),
    "date": ("Today is {date}.",),
    "sum": ("{sum} is {value}.", "That makes {value}: {sum}."),
    "sum_about": ("{sum} is about {value}.",),
    "division_by_zero": ("Nobody can divide by zero, and I am no exception.",),
    "too_large": ("That number is too large for me. Try a smaller one.",),
    "not_real": ("A negative number has no real square root.",),
    "help": (
        "You can greet me, ask for the time or the date, give me sums such as 12 times 7, tell "
        "me your name, or ask how this service works.",
    ),
    "likes": (
        "I like a good chat, and sums that come out even.",
        "I am fond of friendly people. What about you?",
    ),
    "service": (
        "You talk or type, and a face answers with voice and moving lips. Everything runs on an "
        "ordinary processor: hearing, thinking, speaking and drawing.",
        "Your words become text, a reply is written, a voice speaks it, and a small network moves "
        "my lips. All of it works without a graphics card.",
    ),
    "connect": (
        "To connect a language model, set `AVATAR_CHAT_LLM__API_KEY`, or "
        "`AVATAR_CHAT_LLM__BASE_URL` for a server of your own, and start the service again. "
        "`AVATAR_CHAT_LLM__MODEL` names the model.",
    ),
    "hearing": (
        "For better hearing, run `avatar-chat models pull`: it fetches the Whisper model. Until "
        "then a small English recogniser does its best.",
    ),
    "voice": (
        "With a network connection I speak with an Edge voice. Without one, the built-in "
        "espeak voice takes over, and that is a little mechanical.",
    ),
    "human": (
        "No, I am not a person. I am a small program with a drawn face.",
        "I am not human, and not even a language model: just a small built-in program.",
    ),
    "thanks": ("You are welcome!", "My pleasure."),
    "bye": ("Goodbye! Come back soon.", "Bye! Have a lovely day."),
    "bye_named": ("Goodbye, {name}! Come back soon.",),
    "joke": (
        "Why did the computer go to the doctor? It had caught a virus.",
        "I would tell you a joke about time, but I have no time to lose.",
        "What is a computer's favourite snack? Chips.",
    ),
    "praise": ("Thank you, that is kind of you!", "How nice of you to say so!"),
    "blame": ("I am sorry. I am only a small program, but I do my best.",),
    "feel_good": ("I am glad to hear that!", "That is good to hear."),
    "feel_bad": ("I am sorry to hear that. Do you want to tell me about it?",),
    "yes": ("Good! What shall we do next?", "All right. Tell me more."),
    "no": ("All right. Something else, then?",),
    "outside": (
        "I cannot look outside, so I do not know about {topic}. A connected language model "
        "could say more.",
    ),
    "question": (
        "A question about {topic}: that is beyond a small program like me. With a language model "
        "connected, I could answer it.",
        "I am sorry, I do not know enough about {topic}. I can help with the time, the date and "
        "simple sums.",
    ),
    "statement": (
        "You are telling me about {topic}. What do you think of it?",
        "{topic}, I see. What matters most to you there?",
        "That is interesting. Tell me more about {topic}.",
    ),
    "lost": (
        "I did not quite get that. Could you say it in other words?",
        "I am not sure what you mean. Ask me what I can do, if you like.",
    ),
    "silence": ("I am listening.",),
}

CHINESE: Replies = {
    "greet": ("你好！很高兴见到你。", "你好呀！今天想聊点什么？"),
    "greet_named": ("你好，{name}！很高兴见到你。", "{name}，你好呀！"),
    "greet_first": ("你好，很高兴认识你！",),
    "greet_back": ("你好！",),
    "who": (
        "我是这个服务自带的小聊天程序，不是语言模型。我会报时间、算简单的数，也能陪你聊几句。",
        "我是一个有脸的小程序，背后没有语言模型，只有一些规则，所以我说得比较简单。",
    ),
    "how_are_you": ("我很好，谢谢！你呢？", "挺好的，谢谢关心。你今天怎么样？"),
    "name_given": ("很高兴认识你，{name}！", "好的，{name}，我记住了。"),
    "name_known": ("你叫{name}。", "你告诉过我，你叫{name}。"),
    "name_unknown": ("你还没有告诉我你的名字。你叫什么？",),
    "said": ("你刚才说的是：“{said}”", "你上一句话是：“{said}”"),
    "said_nothing": ("在这之前你还没有说过话。",),
    "repeat": ("{said}",),
    "liking_given": ("原来你喜欢{liking}。你最喜欢它的哪一点？", "{liking}，听起来不错！"),
    "liking_known": ("你告诉过我，你喜欢{liking}。",),
    "liking_unknown": ("你还没有告诉我你喜欢什么。说说看！",),
    "place_given": ("{place}，真不错！那里你最喜欢什么？",),
    "place_known": ("你跟我说过{place}。",),
    "place_unknown": ("你还没有告诉我你来自哪里。",),
    "time": ("现在是{time}。", "我的时钟显示{time}。"),
    "date": ("今天是{date}。",),
    "sum": ("{sum}等于{value}。", "结果是{value}。"),
    "sum_about": ("{sum}约等于{value}。",),
    "division_by_zero": ("零不能做除数，我也没有办法。",),
    "too_large": ("这个数对我来说太大了，换个小一点的吧。",),
    "not_real": ("负数没有实数平方根。",),
    "help": (
        "你可以跟我打招呼，问时间和日期，让我算十二乘以七这样的题，告诉我你的名字，或者问这个服务怎么用。",
    ),
    "likes": ("我喜欢聊天，也喜欢除得尽的算术题。", "我喜欢友好的人。你呢？"),
    "service": (
        "你说话或者打字，一张脸就会用声音和口型回答你。听、想、说、画，全都在普通处理器上完成。",
        "你的话先变成文字，再写出回答，由声音念出来，最后一个小网络让我的嘴唇动起来，不需要显卡。",
    ),
    "connect": (
        "要接入语言模型，请设置`AVATAR_CHAT_LLM__API_KEY`，或者用`AVATAR_CHAT_LLM__BASE_URL`"
        "指向自己的服务器，然后重新启动。模型名字用`AVATAR_CHAT_LLM__MODEL`来设置。",
    ),
    "hearing": (
        "想让我听得更清楚，请运行`avatar-chat models pull`，它会下载Whisper模型。"
        "在那之前，我只有一个听英语的小识别器。",
    ),
    "voice": ("有网络的时候，我用Edge的声音；没有网络时，就用自带的espeak，听起来有点机械。",),
    "human": (
        "不是，我不是真人，是一个画出来的小程序。",
        "我不是人，也不是语言模型，只是一个自带的小程序。",
    ),
    "thanks": ("不客气！", "很高兴能帮到你。"),
    "bye": ("再见！欢迎再来。", "拜拜！祝你今天愉快。"),
    "bye_named": ("再见，{name}！欢迎再来。",),
    "joke": (
        "电脑为什么去看医生？因为它中了病毒。",
        "为什么数学书总是不开心？因为它的问题太多了。",
        "什么门永远关不上？球门。",
    ),
    "praise": ("谢谢你，你真好！", "听你这么说，我很开心！"),
    "blame": ("对不起，我只是一个小程序，不过我会尽力的。",),
    "feel_good": ("太好了！", "听到这个我很高兴。"),
    "feel_bad": ("真抱歉听到这个。你想跟我说说吗？",),
    "yes": ("好的！接下来聊什么？", "嗯，继续说吧。"),
    "no": ("好吧，那我们换个话题？",),
    "outside": ("我看不到外面的世界，不知道{topic}。接入语言模型之后就能多说一些。",),
    "question": (
        "关于{topic}，我这个小程序还不懂。接入语言模型之后，我就能回答了。",
        "抱歉，{topic}我了解得不多。我可以报时间、日期，或者做简单的计算。",
    ),
    "statement": (
        "你说到了{topic}。你是怎么想的？",
        "{topic}，我明白了。对你来说最重要的是什么？",
        "有意思，再跟我说说{topic}吧。",
    ),
    "lost": ("我没太听明白，可以换个说法吗？", "不太确定你的意思。你可以问问我会做什么。"),
    "silence": ("我在听。",),
}

REPLIES: dict[str, Replies] = {"en": ENGLISH, "zh": CHINESE}
