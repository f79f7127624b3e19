"""Strong entity tags (RFC 9110 section 8.8.3), as a client reads them and sends them back."""

from __future__ import annotations

import re

from memconform.answer import Answer, must, shown
from memconform.verdict import Inconclusive

_STRONG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')

NEVER = '"mcf-no-such-version"'
"""A tag that no server gives."""


def must_be_tagged(answer: Answer, what: str) -> str:
    """Require a strong tag and return it."""
    tag = answer.header("ETag")
    strong = tag is not None and _STRONG.fullmatch(tag)
    must(strong, f"a strong ETag with {what}", f"ETag {shown(tag)}" if tag else "no ETag", answer)
    return str(tag)


def tag_of(answer: Answer) -> str:
    """Return the tag of an answer as it must be sent back; without a strong one nothing can be proven."""
    tag = answer.header("ETag")
    if tag is None or not _STRONG.fullmatch(tag):
        raise Inconclusive("control: there is no strong ETag to make a condition of", [answer.exchange])
    try:
        return tag.encode("latin-1").decode("utf-8")  # the wire sends header values as UTF-8
    except UnicodeDecodeError:
        raise Inconclusive("control: an ETag with bytes that are no UTF-8 cannot be sent back") from None


def tag_or_none(answer: Answer) -> str | None:
    """Return the tag of an answer as it must be sent back, None where there is none that could be."""
    try:
        return tag_of(answer)
    except Inconclusive:
        return None


def if_match(tag: str | None) -> dict[str, dict[str, str]]:
    """Return the option of a verb that makes it conditional; none for no tag."""
    return {} if tag is None else {"headers": {"If-Match": tag}}


def if_none_match(tag: str | None) -> dict[str, dict[str, str]]:
    """Return the option of a verb that asks for it only where it has another tag; none for no tag."""
    return {} if tag is None else {"headers": {"If-None-Match": tag}}
