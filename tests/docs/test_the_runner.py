"""The runner of the documents finds what is wrong in one: otherwise a page that passes would say nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from .command_lines import fault
from .links import anchors, broken
from .reading import read
from .running import Stage, alike, missing_line


def play(folder: Path, text: str) -> None:
    """Run a document of this text."""
    page = folder / "page.md"
    page.write_text(text, "utf-8")
    stage_folder = folder / "stage"
    stage_folder.mkdir()
    with Stage(stage_folder, {}) as stage:
        stage.play(read(page))


def test_a_document_that_is_true_passes(tmp_path: Path) -> None:
    """Files are written, variables last, output in order, an exit code that is announced, a process that goes on."""
    play(
        tmp_path,
        "<!-- file: say.txt -->\n```text\nhello\n```\n\n"
        "```console\n$ export WORD=there\n$ cat say.txt; echo $WORD \\\n    again\nhello\n…\nthere …\n```\n\n"
        "<!-- keeps running -->\n```console\n$ memconform serve --no-access-log\n```\n\n"
        '```console\n$ curl -s http://127.0.0.1:8765/v1/health\n{"status":…}\n```\n\n'
        "<!-- exit: 3 -->\n```console\n$ exit 3\n```\n\n"
        "<!-- run -->\n```python\nassert open('say.txt').read() == 'hello\\n'\n```\n",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("```console\n$ echo one\ntwo\n```\n", "does not print: two"),
        ("```console\n$ printf 'b\\na\\n'\na\nb\n```\n", "does not print: b"),
        ("```console\n$ false\n```\n", "ended with 1, not"),
        ("<!-- exit: 1 -->\n```console\n$ true\n```\n", "ended with 0, not"),
        ("<!-- keeps running -->\n```console\n$ true --port 8770\n```\n", "ended with 0"),
        ("```python\nprint(1)\n```\n", "says whether it is run"),
        ("<!-- run -->\n```python\nassert False\n```\n", "AssertionError"),
    ],
    ids=["output", "order", "failure", "success", "gone", "silent", "python"],
)
def test_a_document_that_is_not_true_fails(tmp_path: Path, text: str, said: str) -> None:
    """The line of the block, the command, what was expected and what came."""
    with pytest.raises(AssertionError, match=said):
        play(tmp_path, text)


def test_a_comment_that_belongs_to_no_block_is_refused(tmp_path: Path) -> None:
    """A mark that stands before something else would be lost in silence."""
    page = tmp_path / "page.md"
    page.write_text("<!-- exit: 1 -->\n\nWords.\n\n```console\n$ false\n```\n")
    with pytest.raises(AssertionError, match="stands before no block"):
        read(page)


def test_what_varies_is_compared_loosely_and_the_rest_is_not() -> None:
    """Times, ids and runs of blanks may differ; counts and words may not; … is anything."""
    assert alike("  time to forget 2.45 ms (1 sample)") == alike("time  to forget 113 ms (1 sample)")
    assert missing_line(["3 pass, …"], "x\n 3 pass, 2 skip\n") is None
    assert missing_line(["3 pass"], "3 pass, 2 skip\n") == "3 pass"
    assert missing_line(["4 pass, 2 skip"], "3 pass, 2 skip\n") == "4 pass, 2 skip"


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("memconform check http://127.0.0.1:8765 --budget smoke", None),
        ("MEMCONFORM_API_KEY=x memconform load http://h --slo 'a<1' | tee x --nonsense", None),
        ("memconform check http://h --bugdet smoke", "no option --bugdet"),
        ("memconform load http://h --nonsense=1", "no option --nonsense"),
        ("memconform plugin chek x", "no command chek"),
        ("memconform chek", "no command chek"),
        ("make test lint", None),
        ("make tset", "no target tset"),
        ("docker run x --nonsense", None),
    ],
)
def test_a_command_line_is_held_against_the_real_ones(line: str, wrong: str | None) -> None:
    """Commands and options that are not there are found, in groups too; other programs are not ours to judge."""
    assert fault(line) == wrong


def test_dead_links_are_found(tmp_path: Path) -> None:
    """A file, an anchor, a picture that is not there."""
    (tmp_path / "other.md").write_text("# A heading: `code`, and more\n\n# Twice\n\n# Twice\n")
    page = tmp_path / "page.md"
    page.write_text(
        "[a](other.md#a-heading-code-and-more) [b](other.md#twice-1) [c](https://example.com/x) [d](#here)\n\n"
        "# Here\n\n[e](gone.md) [f](other.md#gone) ![g](gone.svg)\n"
    )
    assert anchors(tmp_path / "other.md") == {"a-heading-code-and-more", "twice", "twice-1"}
    assert broken(page) == ["gone.md", "other.md#gone", "gone.svg"]
