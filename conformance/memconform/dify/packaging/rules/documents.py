"""Rules of README.md and the privacy policy."""

from __future__ import annotations

import re
from collections.abc import Iterator

from memconform.dify.packaging.declared import Declared, plain
from memconform.dify.packaging.problem import Authority, Problem, Rule, shown
from memconform.dify.packaging.rules.manifest import HOSTS

README = Rule(
    "readme-missing", Authority.MARKETPLACE, "add a README.md in English: what it does, set-up, use, credentials"
)
ENGLISH = Rule(
    "readme-english",
    Authority.MARKETPLACE,
    "write README.md in English; others go to readme/README_zh_Hans.md and so on",
)
SCRIPT = Rule(
    "readme-english", Authority.PRACTICE, "write README.md in English; others go to readme/README_ja_JP.md and so on"
)
REPOSITORY = Rule("readme-repository", Authority.MARKETPLACE, "link the source repository in README.md")
SECTION = Rule("readme-section", Authority.PRACTICE, "add a section about it; reviewers look for it")
MISPLACED = Rule("readme-place", Authority.PRACTICE, "move it to readme/README_<language>.md, where Dify looks")
PRIVACY = Rule(
    "privacy-missing", Authority.MARKETPLACE, "add a PRIVACY.md: what is collected, stored, sent and to whom"
)
PRIVACY_FILE = Rule(
    "privacy-file", Authority.MARKETPLACE, "name a file of the plugin, such as PRIVACY.md, or an https:// address"
)
PRIVACY_TEMPLATE = Rule("privacy-template", Authority.MARKETPLACE, "write the policy; the template says nothing")
PRIVACY_WORDS = Rule(
    "privacy-words", Authority.PRACTICE, "say what is collected, stored, logged and shared, or that nothing is"
)

_CODE = re.compile(r"```.*?```", re.DOTALL)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_OTHER_SCRIPT = re.compile(r"[\u0400-\u04ff\u0590-\u06ff\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\uac00-\ud7af]")
_LINK = re.compile(rf"https?://(www\.)?({'|'.join(re.escape(host) for host in HOSTS)})/[^\s)>\"]+", re.IGNORECASE)
_LOCALIZED = re.compile(r"README[._-][A-Za-z]{2,3}([_-][A-Za-z0-9]+)?\.md")
_SECTIONS = {
    "how to set it up": ("setup", "set up", "install", "configur", "getting started"),
    "how to use it": ("usage", "use", "example", "workflow"),
    "the credentials it needs": ("key", "credential", "token", "secret", "auth"),
    "what it connects to": ("connect", "endpoint", "url", "host", "proxy", "network"),
}
_POLICY = (
    "collect", "personal data", "user data", "stor", "retain", "retention", "persist", "log", "third", "shar", "send",
    "transmit",
)  # fmt: skip


def judge(plugin: Declared) -> Iterator[Problem]:
    """Yield the problems of the plugin's documents."""
    if plugin.manifest is None:
        return
    yield from _readme(plugin)
    yield from _privacy(plugin)


def _readme(plugin: Declared) -> Iterator[Problem]:
    text = plugin.contents.text("README.md")
    if text is None or not text.strip():
        yield README.broken(
            "README.md", "a README.md with text", "an empty file" if text is not None else "no such file"
        )
        return
    prose = _CODE.sub(lambda block: "\n" * block[0].count("\n"), text)
    han, other = _HAN.search(prose), _OTHER_SCRIPT.search(prose)
    if han:
        count = len(_HAN.findall(prose))
        yield ENGLISH.broken(
            _pointer(prose, han.start()), "English outside of code blocks", f"{count} Chinese characters"
        )
    elif other:
        yield SCRIPT.broken(
            _pointer(prose, other.start()), "English", f"{shown(prose[other.start() : other.start() + 20])}"
        )
    if not _LINK.search(text):
        yield REPOSITORY.broken("README.md", f"a link to the source at {', '.join(HOSTS[:5])}", "none")
    lowered = text.lower()
    for subject, words in _SECTIONS.items():
        if not any(word in lowered for word in words):
            yield SECTION.broken("README.md", f"words on {subject}", "none")
    for path in plugin.contents.files:
        if _LOCALIZED.fullmatch(path):
            yield MISPLACED.broken(path, "readme/README_<language>.md", shown(path))


def _privacy(plugin: Declared) -> Iterator[Problem]:
    files = plugin.contents.files
    if "PRIVACY.md" not in files:
        yield PRIVACY.broken("PRIVACY.md", "a file PRIVACY.md", "no such file")
    node = plugin.manifest.at("privacy") if plugin.manifest else None
    if node is None or plugin.manifest is None or not node.text or node.text.startswith(("http://", "https://")):
        return
    path = node.text.removeprefix("./")
    if path == "PRIVACY.md" and path not in files:
        return
    if not plain(path) or path not in files:
        yield PRIVACY_FILE.broken(plugin.manifest.place.at(node), "a file of the plugin, or a URL", shown(node.text))
        return
    text = (plugin.contents.text(path) or "").lower()
    if not text.strip() or "fill in the privacy policy" in text:
        yield PRIVACY_TEMPLATE.broken(
            f"{path}:1", "a privacy policy", "the template" if text.strip() else "an empty file"
        )
    elif not any(word in text for word in _POLICY):
        yield PRIVACY_WORDS.broken(f"{path}:1", "what happens to users' data", "no word of it")


def _pointer(text: str, position: int) -> str:
    line = text.count("\n", 0, position) + 1
    return f"README.md:{line}:{position - text.rfind(chr(10), 0, position)}"
