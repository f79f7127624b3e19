"""The built-in extractor: plain statements of the user, word for word, in many languages, always the same."""

from __future__ import annotations

import time

import pytest

from memconform_server.extraction import Message, Rules
from memconform_server.extraction.sentences import sentences


def said(*contents: str, role: str = "user") -> list[str]:
    """Return what the rules conclude from messages."""
    messages = [Message(role, content) for content in contents]  # type: ignore[arg-type]  # one of the roles
    return [statement.content for statement in Rules().extract(messages)]


@pytest.mark.parametrize(
    "statement",
    [
        "I moved to Lisbon in May.",
        "my dog is called Rex",
        "I am allergic to nuts!",
        "Remember that I never eat meat.",
        "Ich wohne seit 2019 in Köln.",
        "J'habite à Lyon.",
        "Vivo en Madrid.",
        "Я живу в Москве.",
        "我住在上海。",
        "私は東京に住んでいます。",
        "나는 서울에 산다.",
        "أنا أعيش في القاهرة.",
        "मैं दिल्ली में रहता हूँ।",
        "ผมอาศัยอยู่ในกรุงเทพ",
        "Hello Kitty is the name of my cat.",
        "No meat for me on Fridays.",
    ],
)
def test_a_plain_statement_is_taken_word_for_word(statement: str) -> None:
    """One statement is one memory, in the words of the user."""
    assert said(statement) == [statement]


@pytest.mark.parametrize(
    "idle",
    [
        "", "  \n\t ", "Hello!", "hi there", "Thanks a lot!", "Good morning!", "Danke schön.", "Bonjour !", "你好！",
        "Where do I live?", "¿Dónde vivo?", "我住在哪里？", "你好吗", "どこに住んでいますか。", "أين أعيش؟",
        "Please book a table.", "Translate this into French.", "Can you book a table for me.",
        "Lisbon", "?!", "...", "好",
        "```\nx = 1\ny = x + 1\n```",
    ],
)  # fmt: skip
def test_what_says_nothing_is_left_out(idle: str) -> None:
    """Greetings, thanks, questions, requests, single words and code are no memories."""
    assert said(idle) == []


def test_only_the_user_is_quoted() -> None:
    """What an assistant, a system or a tool says is not the user's."""
    for role in ("assistant", "system", "tool"):
        assert said("I moved to Lisbon in May.", role=role) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("I like tea. Ann likes coffee! Really.", ["I like tea.", "Ann likes coffee!", "Really."]),
        ("Dr. Smith lives at 3.5 Main St. near J. R. Jones.", ["Dr. Smith lives at 3.5 Main St. near J. R. Jones."]),
        ("We use e.g. pnpm. It is fast.", ["We use e.g. pnpm.", "It is fast."]),
        ("我喜欢茶。她喜欢咖啡！真的", ["我喜欢茶。", "她喜欢咖啡！", "真的"]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("- tea\n* coffee\n2) milk", ["tea", "coffee", "milk"]),
        ("one\r\ntwo\u2028three", ["one", "two", "three"]),
        ("Wait... what", ["Wait...", "what"]),
        ("before\n```\ncode. here.\n```\nafter", ["before", "after"]),
    ],
)
def test_where_sentences_end(text: str, found: list[str]) -> None:
    """Full stops within names, numbers and abbreviations end nothing; those of other scripts need no space."""
    assert list(sentences(text)) == found


def test_each_statement_is_there_once_with_all_its_messages() -> None:
    """What is said again adds nothing, but the other message is named."""
    messages = [
        Message("user", "I like tea. I like tea."),
        Message("assistant", "Noted."),
        Message("user", "I like tea."),
    ]
    (statement,) = Rules().extract(messages)
    assert (statement.content, list(statement.messages)) == ("I like tea.", [0, 2])


@pytest.mark.parametrize(
    "text", ["a. " * 20_000, "." * 60_000, "Dr. " * 15_000, "\n" * 60_000, "x" * 60_000, "```" * 20_000]
)
def test_hostile_texts_take_linear_time(text: str) -> None:
    """The largest message takes a moment, whatever is in it."""
    began = time.monotonic()
    said(text)
    assert time.monotonic() - began < 3
