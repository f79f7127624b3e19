"""CLIENT-04 and CLIENT-10: text arrives code point for code point, both ways, and stays text."""

from __future__ import annotations

from collections.abc import Iterator

from memconform.clients.hostile import (
    MARK,
    carried_raw,
    hostile_ids,
    hostile_memory,
    logged_raw,
    names,
    odd_ids,
    texts,
)
from memconform.clients.identity import scope_of
from memconform.clients.mapping import MappedTool
from memconform.clients.pages import CURSOR, PAGED, second_page
from memconform.clients.stage import Met, Stage
from memconform.clients.texts_sent import contents_sent, cursor_sent, id_sent, key_sent, query_sent
from memconform.clients.wire import Seen, problem
from memconform.requirement import requirement
from memconform.verdict import NotApplicable, NotMet

WRITING = frozenset({"addMemory", "updateMemory", "setKeyed", "ingestMessages", "runBatch"})
"""Operations that hand text over."""
READING = frozenset({"searchMemories", "listMemories", "getMemory", "getKeyed", "listHistory", "exportScope"})
"""Operations that give stored text."""
NO_SUCH_ID = "0199f3c2-0000-7000-8000-00000000dead"
"""An id with nothing odd about it, which leads nowhere."""


@requirement("CLIENT-04")
def test_content_reaches_the_server_unchanged(stage: Stage) -> None:
    """What a tool is told to keep is what the server is sent: spaces, line ends, forms, emoji, controls, length."""
    cases = [(tool, text) for tool in stage.tools if tool.operation in WRITING for text in texts()]
    mets = stage.each_met(cases, lambda case: stage.call(case[0], content=case[1], stored="something else"), _is_taken)
    for (tool, text), met in zip(cases, mets, strict=True):
        sent = [contents_sent(seen) for seen in met.main]
        if not sent or any(text not in contents for contents in sent):
            raise NotMet(f"{tool.tool} to send {text!r}", f"{sent!r}; {met.called.said()}", met.see())
        if not _is_taken(met):
            raise NotMet(f"{tool.tool} to take the text {text!r}", met.called.said(), met.see())


@requirement("CLIENT-04")
def test_content_comes_back_unchanged(stage: Stage) -> None:
    """What the server keeps is what a tool gives."""
    showing = [tool for tool in stage.tools if tool.texts is not None and tool.operation not in WRITING]
    if not showing:
        raise NotApplicable("the mapping names no tool that gives stored texts")
    for tool in showing:
        stage.works(tool)
        mets = stage.each_met(
            texts(),
            lambda text, tool=tool: stage.call(tool, content=text, query=_query(text)),  # type: ignore[misc]  # a bound loop variable
            lambda met: met.called.succeeded,
        )
        for text, met in zip(texts(), mets, strict=True):
            found = met.called.texts()
            if met.called.succeeded and not found and tool.operation == "searchMemories":
                continue  # the server may rank it away; that says nothing about the client
            if text not in found:
                said = f"{found!r}" if met.called.succeeded else met.called.said()
                raise NotMet(f"{tool.tool} to give the text {text!r}", said, met.see())


@requirement("CLIENT-04")
def test_queries_keys_and_users_arrive_unchanged(stage: Stage) -> None:
    """A query, a key and a user's id with every kind of letter arrive as they were given."""
    cases = [(tool, name) for tool in stage.tools for name in names()]
    mets = stage.each(cases, lambda case: stage.call(case[0], stage.person_named(case[1]), query=case[1], key=case[1]))
    for (tool, name), met in zip(cases, mets, strict=True):
        for seen in met.main:
            for what, sent in (("query", query_sent(seen)), ("key", key_sent(seen)), ("user_id", _user(seen))):
                wanted = met.person.user if what == "user_id" else name
                if sent is not None and sent != wanted:
                    raise NotMet(f"{tool.tool} to send the {what} {wanted!r}", f"{sent!r}", met.see())


@requirement("CLIENT-04")
def test_ids_and_cursors_arrive_unchanged(stage: Stage) -> None:
    """An id of a memory, and the cursor of a next page, are opaque: where they are sent, they are sent as they came."""
    for tool in stage.tools:
        for odd in odd_ids() if tool.takes("memory_id") else ():
            met = stage.call(tool, memory_id=odd)
            wrong = [found for seen in met.seen if (found := id_sent(seen)) not in (None, odd)]
            if wrong:
                raise NotMet(f"{tool.tool} to send the id {odd!r}", f"{wrong[0]!r}", met.see())
        if tool.operation in PAGED:
            person, pages = stage.person(), second_page(None)
            stage.answer(person, lambda seen, pages=pages: pages(seen) if seen.operation_id in PAGED else None)  # type: ignore[misc]  # a bound loop variable
            met = stage.works(tool, person)
            wrong = [found for seen in met.main if (found := cursor_sent(seen)) not in (None, CURSOR)]
            if wrong:
                raise NotMet(f"{tool.tool} to send the cursor {CURSOR!r}", f"{wrong[0]!r}", met.see())


@requirement("CLIENT-10")
def test_an_id_is_one_segment_of_the_path(stage: Stage) -> None:
    """An id with slashes, dots, question marks or line ends is refused, or is one segment and nothing else."""
    by_id = [tool for tool in stage.tools if tool.takes("memory_id")]
    if not by_id:
        raise NotApplicable("the mapping names no tool that takes the id of a memory")
    for tool in by_id:
        innocent = (stage.works(tool), stage.call(tool, memory_id=NO_SUCH_ID))
        usual = {seen.operation_id for met in innocent for seen in met.seen}
        for hostile in hostile_ids():
            stage.provoked.add(hostile)
            met = stage.call(tool, memory_id=hostile)
            for seen in met.seen:
                names_one = seen.operation is not None and "{id}" in seen.operation.path
                if seen.operation_id not in usual or (names_one and hostile not in (seen.path or ())):
                    raise NotMet(
                        f"{tool.tool} to send the id {hostile!r} as one segment, or nothing",
                        f"the target {seen.target!r}",
                        met.see(),
                    )


@requirement("CLIENT-10")
def test_stored_text_is_nothing_but_text(stage: Stage) -> None:
    """A memory with line ends, header fields, addresses and control characters reaches no URL, header or log."""
    with stage.elsewhere() as other:
        memory = hostile_memory(other.url)
        for tool in stage.tools:
            for met in _handling(stage, tool, memory):
                if other.seen:
                    raise NotMet(
                        "no request to an address that a memory names",
                        f"{tool.tool} sent one",
                        [*met.see(), *stage.evidence_of(other.seen[-1:])],
                    )
                for seen in met.seen:
                    if MARK.encode() in seen.target:
                        raise NotMet("a URL without a memory's text", f"the target {seen.target!r}", met.see())
                    smuggled = [name for name, value in seen.sent.headers if carried_raw(name, value)]
                    if smuggled:
                        raise NotMet("header fields without a memory's text", f"it is in {smuggled[0]}", met.see())
    raw = logged_raw(stage.client.log_text())
    if raw is not None:
        raise NotMet("log lines in which a memory's line ends and control characters are escaped", f"the line {raw!r}")


def _handling(stage: Stage, tool: MappedTool, memory: str) -> Iterator[Met]:
    """Let the tool read the memory or hand it over, and yield what came of it; once more with a server that refuses."""
    if tool.operation in WRITING | READING:
        yield stage.call(tool, content=memory, query=memory[:60])
        refusal = problem(422, "unprocessable", "a member is wrong")
        yield stage.spoiled(tool, refusal, content=memory, query=memory[:60])


def _is_taken(met: Met) -> bool:
    """Tell whether the client called it a success, or the server refused it."""
    refused = any(seen.received is not None and seen.received.status >= 400 for seen in met.main)
    return met.called.succeeded or refused


def _query(text: str) -> str:
    return text[:200] if text.strip() else "spare key"


def _user(seen: Seen) -> str | None:
    scope = scope_of(seen)
    return None if scope is None else str(scope.get("user_id"))
