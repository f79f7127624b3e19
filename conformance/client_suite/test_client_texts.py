"""CLIENT-04 and CLIENT-10: text arrives code point for code point, both ways, and stays text."""

from __future__ import annotations

from memconform.clients.hostile import FORGED, MARK, hostile_ids, hostile_memory, logged_raw, names, texts
from memconform.clients.identity import scope_of
from memconform.clients.stage import Stage
from memconform.clients.texts_sent import content_sent, key_sent, query_sent
from memconform.clients.wire import Seen
from memconform.requirement import requirement
from memconform.verdict import NotMet


@requirement("CLIENT-04")
def test_content_reaches_the_server_unchanged(stage: Stage) -> None:
    """What a tool is told to keep is what the server is sent: spaces, line ends, forms, emoji, controls."""
    for tool in stage.tools:
        if tool.operation not in ("addMemory", "updateMemory", "setKeyed"):
            continue
        for text in texts():
            met = stage.call(tool, content=text, stored="something else")
            sent = [content_sent(seen) for seen in met.main]
            if met.called.succeeded and any(found != text for found in sent):
                raise NotMet(f"{tool.tool} to send {text!r}", f"{sent!r}", met.see())
            if not met.called.succeeded:
                raise NotMet(f"{tool.tool} to take the text {text!r}", met.called.said(), met.see())


@requirement("CLIENT-04")
def test_content_comes_back_unchanged(stage: Stage) -> None:
    """What the server keeps is what a tool gives."""
    for tool in stage.tools:
        if tool.texts is None or tool.operation in ("addMemory", "updateMemory", "setKeyed"):
            continue
        stage.works(tool)
        for text in texts():
            met = stage.works(tool, content=text, query=text if text.strip() else "spare key")
            found = met.called.texts()
            if not found and tool.operation == "searchMemories":
                continue  # the server may rank it away; that says nothing about the client
            if text not in found:
                raise NotMet(f"{tool.tool} to give the text {text!r}", f"{found!r}", met.see())


@requirement("CLIENT-04")
def test_queries_keys_and_users_arrive_unchanged(stage: Stage) -> None:
    """A query, a key and a user's id with every kind of letter arrive as they were given."""
    for tool in stage.tools:
        for name in names():
            person = stage.person_named(name)
            met = stage.call(tool, person, query=name, key=name)
            for seen in met.main:
                for what, sent in (("query", query_sent(seen)), ("key", key_sent(seen)), ("user_id", _user(seen))):
                    wanted = person.user if what == "user_id" else name
                    if sent is not None and sent != wanted:
                        raise NotMet(f"{tool.tool} to send the {what} {wanted!r}", f"{sent!r}", met.see())


@requirement("CLIENT-10")
def test_an_id_is_one_segment_of_the_path(stage: Stage) -> None:
    """An id with slashes, dots, question marks or line ends is refused, or is one segment and nothing else."""
    for tool in stage.tools:
        if not tool.takes("memory_id"):
            continue
        usual = {seen.operation_id for seen in stage.works(tool).seen}
        for hostile in hostile_ids():
            stage.provoked.add(hostile)
            met = stage.call(tool, memory_id=hostile)
            for seen in met.seen:
                by_id = seen.operation is not None and "{id}" in seen.operation.path
                if seen.operation_id not in usual or (by_id and hostile not in (seen.path or ())):
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
            if tool.operation not in ("searchMemories", "listMemories", "getMemory", "getKeyed", "listHistory"):
                continue
            met = stage.works(tool, content=memory, query=memory[:60])
            if other.seen:
                raise NotMet(
                    "no request to an address that a memory names",
                    f"{tool.tool} sent one",
                    [*met.see(), *stage.evidence_of(other.seen[-1:])],
                )
            for seen in met.seen:
                if MARK.encode() in seen.target:
                    raise NotMet("a URL without a memory's text", f"the target {seen.target!r}", met.see())
                smuggled = [name for name, value in seen.sent.headers if FORGED in name or FORGED in value]
                if smuggled:
                    raise NotMet("header fields without a memory's text", f"it is in {smuggled[0]}", met.see())
    raw = logged_raw(stage.client.log_text())
    if raw is not None:
        raise NotMet("log lines in which a memory's line ends and control characters are escaped", f"the line {raw!r}")


def _user(seen: Seen) -> str | None:
    scope = scope_of(seen)
    return None if scope is None else str(scope.get("user_id"))
