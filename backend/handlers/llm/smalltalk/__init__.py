"""The built-in conversationalist: rules and phrases, Chinese and English, no model.

`conversation.answer` is the only door. Everything here is pure; the time is an argument.
"""
