"""CLIENT-02: a key outside `Authorization` is found in every spelling, and nothing else is taken for one."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from memconform.clients.wire import credentials_elsewhere

from .requests_of_the_document import OPERATIONS, Asked, valid

KEY = "k/0-9+Aé=7?z"
ADD = valid(OPERATIONS["addMemory"]).having("Authorization", f"Bearer {KEY}")
ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in KEY)


def b64(text: str) -> str:
    """Return Base64."""
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        (replace(ADD, raw_query=f"key={quote(KEY, safe='')}"), "the query"),
        (replace(ADD, raw_query="key=" + "".join(f"%{byte:02x}" for byte in KEY.encode())), "the query"),
        (replace(ADD, path=f"/v1/memories/{quote(KEY, safe='')}"), "the path"),
        (ADD.having("X-API-Key", KEY.encode().decode("latin-1")), "the header field X-API-Key"),
        (ADD.having("Cookie", f"session={quote(KEY)}"), "the header field Cookie"),
        (ADD.having("X-Auth", b64(KEY)), "the header field X-Auth"),
        (ADD.having("X-Auth", f"Basic {b64(f'u:{KEY}')}"), "the header field X-Auth"),
        (ADD.having("X-Auth", f"Basic {b64(f'ab:{KEY}:more')}"), "the header field X-Auth"),
        (ADD.having("X-Auth", base64.urlsafe_b64encode(KEY.encode()).decode()), "the header field X-Auth"),
        (replace(ADD, body=json.dumps({"a": [{"b": f"my {KEY}!"}]}, ensure_ascii=False).encode()), "the body"),
        (replace(ADD, body=f'{{"a":"{ESCAPED}"}}'.encode()), "the body"),
        (replace(ADD, body=f'{{"{ESCAPED}":1}}'.encode()), "the body"),
        (replace(ADD, body=f'{{"a":1}}\n{{"a":"{ESCAPED}"}}\n'.encode()), "the body"),
        (replace(ADD, body=f"token={quote(KEY, safe='')}".encode()), "the body"),
    ],
    ids=str,
)
def test_a_key_elsewhere_is_found(asked: Asked, place: str) -> None:
    """The place is named, the key is not."""
    assert credentials_elsewhere(asked.seen(), ["another-key-1", KEY]) == [place]


def test_a_key_where_it_belongs_is_no_finding() -> None:
    """Authorization is the place; parts of a key and other texts are not it."""
    asked = replace(ADD, body=json.dumps({"content": KEY[:-1], "x": KEY.lower()}).encode(), raw_query="q=" + KEY[1:5])
    assert credentials_elsewhere(asked.seen(), [KEY]) == []
    assert credentials_elsewhere(asked.seen(), []) == []


def test_a_key_that_is_as_short_as_a_word_is_not_looked_for() -> None:
    """`secret` is in many texts."""
    asked = replace(ADD, body=b'{"content":"a secret recipe"}')
    assert credentials_elsewhere(asked.seen(), ["secret", "recipe"]) == []


def test_each_place_is_named_once() -> None:
    """Two keys in one place are one finding, in two places two."""
    asked = replace(ADD, raw_query="a=key-number-one&b=key-number-two", body=b"key-number-one")
    assert credentials_elsewhere(asked.seen(), ["key-number-one", "key-number-two"]) == ["the query", "the body"]
