"""One broken plugin for each rule: the rule is named, and so is the line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from memconform.dify.packaging import Audience, Level, verify

from .good_plugin import GOOD, Change, line_of, written


class Broken(NamedTuple):
    """A change, the rule that it breaks, and the file and the text of the line where the problem is shown."""

    name: str
    changes: Mapping[str, Change]
    rule: str
    file: str
    text: str = ""
    level: Level = Level.ERROR


M, P, T = "manifest.yaml", "provider/notes.yaml", "tools/add.yaml"
ADVICE = Level.ADVICE
LONG = "x" * 1025

BROKEN = [
    # the manifest
    Broken("no version", {M: ("version: 0.1.0\n", "")}, "member-missing", M, "type: plugin"),
    Broken("version of two numbers", {M: ("0.1.0", '"0.1"')}, "version-pattern", M, "version:"),
    Broken("version as a number", {M: ("0.1.0", "0.1")}, "member-type", M, "version:"),
    Broken("version that Python cannot read", {M: ("0.1.0", "0.1.0-foo")}, "version-python", M, "version:"),
    Broken("wrong type", {M: ("type: plugin", "type: bundle")}, "type-plugin", M, "type: bundle"),
    Broken("author in capitals", {M: ("author: someone", "author: Someone")}, "author-name", M, "author:"),
    Broken("author with dify", {M: ("author: someone", "author: mydify")}, "author-reserved", M, "author:"),
    Broken("author langgenius", {M: ("author: someone", "author: langgenius")}, "author-reserved", M, "author:"),
    Broken(
        "author that is a UUID",
        {M: ("author: someone", "author: 0b6b1b1e-7c1f-4f5e-9d3a-2c1f4e5d6a7b")},
        "author-uuid",
        M,
        "author:",
    ),
    Broken("name with a space", {M: ("name: notes", "name: my notes")}, "plugin-name", M, "name: my notes"),
    Broken("no American label", {M: ("  en_US: Notes\n", "")}, "member-missing", M, "  zh_Hans"),
    Broken("label too long", {M: ("en_US: Notes", f"en_US: {LONG}")}, "member-length", M, "en_US: x"),
    Broken("misspelt language", {M: ("zh_Hans: ", "zh_hans: ")}, "language-unknown", M, "zh_hans", ADVICE),
    Broken("no icon file", {"_assets/icon.svg": None, "_assets/other.svg": "<svg/>"}, "icon-missing", M, "icon:"),
    Broken(
        "template icon",
        {"_assets/icon.svg": "<svg><!-- DIFY_MARKETPLACE_TEMPLATE_ICON_DO_NOT_USE --></svg>"},
        "icon-template",
        M,
        "icon:",
    ),
    Broken("no assets", {"_assets/icon.svg": None}, "assets-missing", M),
    Broken("day that no calendar has", {M: ("2026-01-31", "2026-02-31")}, "created-at", M, "created_at"),
    Broken("date in words", {M: ("2026-01-31T12:00:00Z", "yesterday")}, "created-at", M, "created_at"),
    Broken(
        "quoted date without a zone", {M: ("2026-01-31T12:00:00Z", '"2026-01-31 12:00:00"')}, "created-at", M, "created"
    ),
    Broken("no privacy", {M: ("privacy: PRIVACY.md\n", "")}, "member-missing", M, "version"),
    Broken("privacy of another file", {M: ("PRIVACY.md", "policy.md")}, "privacy-file", M, "privacy:"),
    Broken("repository elsewhere", {M: ("github.com", "example.org")}, "repo-host", M, "repo:"),
    Broken("repository that is no URL", {M: ("https://github.com/someone/notes", "notes")}, "repo-url", M, "repo:"),
    Broken("contact that is no address", {M: ("someone@example.org", "call me")}, "contact-email", M, "contact:"),
    Broken("memory in words", {M: ("268435456", "256MB")}, "member-type", M, "memory:"),
    Broken("storage too small", {M: ("65536", "512")}, "member-value", M, "size:"),
    Broken("storage without a size", {M: ("      size: 65536\n", "")}, "member-missing", M, "enabled:"),
    Broken("flag in words", {M: ("enabled: true", "enabled: perhaps")}, "member-type", M, "enabled:"),
    Broken("misspelt permission", {M: ("    storage:", "    storag:")}, "member-unknown", M, "storag:", ADVICE),
    Broken(
        "no provider", {M: ("  tools:\n    - provider/notes.yaml\n", "  tools: []\n")}, "no-extension", M, "plugins:"
    ),
    Broken(
        "two providers",
        {M: ("    - provider/notes.yaml\n", "    - provider/notes.yaml\n    - provider/notes.yaml \n")},
        "second-provider",
        M,
        "    - provider/notes.yaml \n",
    ),
    Broken(
        "tools and models",
        {M: ("plugins:\n", "plugins:\n  models: [provider/notes.yaml]\n")},
        "extensions-mixed",
        M,
        "plugins:",
    ),
    Broken(
        "provider file missing", {M: ("provider/notes.yaml", "provider/none.yaml")}, "file-missing", M, "provider/none"
    ),
    Broken("path with ./", {M: ("provider/notes.yaml", "./provider/notes.yaml")}, "path-not-plain", M, "./provider"),
    Broken("path with ..", {M: ("provider/notes.yaml", "../notes.yaml")}, "path-not-plain", M, "../notes"),
    Broken("unknown architecture", {M: ("[amd64, arm64]", "[amd64, riscv]")}, "arch-unknown", M, "arch:"),
    Broken("unknown language", {M: ("language: python", "language: go")}, "runner-language", M, "language:"),
    Broken("runner of 3.11", {M: ('"3.12"', '"3.11"')}, "runner-version", M, 'version: "3.11"', ADVICE),
    Broken("runner as a number", {M: ('"3.12"', "3.12")}, "member-type", M, "version: 3.12"),
    Broken("entry point missing", {M: ("entrypoint: main", "entrypoint: start")}, "entrypoint", M, "entrypoint:"),
    Broken("minimum of nothing", {M: ("1.0.0", "latest")}, "minimum-dify-version", M, "minimum_dify_version"),
    Broken("unknown tag", {M: ("utilities, productivity", "utilities, memory")}, "tag-unknown", M, "tags:"),
    Broken(
        "key twice",
        {M: ("type: plugin\n", "type: plugin\ntype: plugin\n")},
        "yaml-duplicate-key",
        M,
        "type: plugin\nauthor",
    ),
    Broken("broken YAML", {M: ("label:\n", "label: [\n")}, "yaml", M, "  zh_Hans"),
    Broken("a tab", {M: ("  en_US: Notes", "\ten_US: Notes")}, "yaml", M, "\ten_US"),
    Broken("two documents", {M: ("plugins:", "---\nplugins:")}, "yaml", M, "---"),
    Broken("not UTF-8", {M: GOOD[M].replace("笔记", "ä").encode("latin-1")}, "yaml-encoding", M),
    # the provider
    Broken("provider's tag", {P: ("tags: [utilities]", "tags: [agent]")}, "tag-unknown", P, "tags:"),
    Broken("provider's icon", {P: ("icon.svg", "logo.svg")}, "icon-missing", P, "icon:"),
    Broken("provider's name", {P: ("name: notes", "name: no tes")}, "provider-name", P, "name:"),
    Broken("credentials as a list", {P: ("  api_key:\n", "  - api_key:\n")}, "yaml", P, "  region"),
    Broken("credential type", {P: ("secret-input", "password")}, "credential-type", P, "type: password"),
    Broken(
        "credential without a label", {P: ("    label:\n      en_US: Key\n", "")}, "member-missing", P, "type: secret"
    ),
    Broken("key in clear", {P: ("secret-input", "text-input")}, "secret-in-clear", P, "type: text-input", ADVICE),
    Broken(
        "default of no option", {P: ("default: eu", "default: asia")}, "default-not-an-option", P, "default:", ADVICE
    ),
    Broken("default as a list", {P: ("default: eu", "default: [eu]")}, "credential-default", P, "default:"),
    Broken("scope of a select", {P: ("default: eu", "scope: llm")}, "scope", P, "scope:"),
    Broken("tool file missing", {P: ("tools/find.yaml", "tools/Find.yaml")}, "file-missing", P, "tools/Find"),
    Broken("no source", {P: ("    source: provider/notes.py\n", "    origin: x\n")}, "member-missing", P, "    origin"),
    Broken("source missing", {P: ("provider/notes.py", "provider/none.py")}, "file-missing", P, "source:"),
    # the tools
    Broken("name with a space", {T: ("add_note", "add note")}, "tool-name", T, "name: add note"),
    Broken("name twice", {T: ("add_note", "find_note")}, "tool-name-unique", "tools/find.yaml", "name:"),
    Broken(
        "no human_description",
        {T: ("    human_description:\n      en_US: What to note.\n", "")},
        "member-missing",
        T,
        "name: text",
    ),
    Broken(
        "misspelt member",
        {T: ("    human_description:", "    human_descriptoin:")},
        "member-unknown",
        T,
        "human_descriptoin",
        ADVICE,
    ),
    Broken("parameter type", {T: ("type: string", "type: str")}, "parameter-type", T, "type: str\n"),
    Broken("parameter form", {T: ("form: llm", "form: model")}, "parameter-form", T, "form: model"),
    Broken("required in words", {T: ("required: true", "required: always")}, "member-type", T, "required:"),
    Broken("limit as text", {T: ("max: 10", 'max: "10"')}, "member-type", T, "max:"),
    Broken("limits crossed", {T: ("max: 10", "max: -1")}, "parameter-limits", T, "min:", ADVICE),
    Broken("multiple on a number", {T: ("    max: 10", "    multiple: true")}, "parameter-multiple", T, "multiple:"),
    Broken(
        "parameter twice",
        {T: ("name: weight", "name: text")},
        "parameter-name-unique",
        T,
        "name: text\n    type: number",
        ADVICE,
    ),
    Broken(
        "model not told", {T: ("    llm_description: What to note.\n", "")}, "llm-description", T, "name: text", ADVICE
    ),
    Broken("no description for the model", {T: ("  llm: Adds a note.\n", "")}, "member-missing", T, "  human:"),
    Broken(
        "output as a list",
        {T: ("  type: object\n  properties:\n    note_id:\n      type: string\n", "  - a\n")},
        "member-type",
        T,
        "- a",
    ),
    Broken(
        "output of no type",
        {T: ("type: string\nextra", "type: text\nextra")},
        "output-schema",
        T,
        "      type: text",
        ADVICE,
    ),
    Broken("reserved output", {T: ("    note_id:", "    text:")}, "output-reserved", T, "    text:", ADVICE),
    Broken(
        "options without values",
        {T: ("    max: 10", "    options:\n      - label:\n          en_US: One")},
        "member-missing",
        T,
        "label:\n          en_US: One",
    ),
    Broken(
        "parameters as a mapping",
        {T: ("parameters:\n  - name: text\n    type", "parameters:\n    type")},
        "yaml",
        T,
        "  - name: weight",
    ),
    # the sources
    Broken("no class", {"tools/find.py": "x = 1\n"}, "class-missing", "tools/find.yaml", "source:"),
    Broken(
        "class of another kind",
        {"tools/find.py": "class FindNote(object):\n    pass\n"},
        "class-missing",
        "tools/find.yaml",
        "source:",
    ),
    Broken(
        "two classes",
        {"tools/find.py": "from dify_plugin import Tool\nclass A(Tool): pass\nclass B(A): pass\n"},
        "class-several",
        "tools/find.yaml",
        "source:",
    ),
    Broken(
        "a class imported beside one's own",
        {"tools/find.py": "import dify_plugin\nfrom .add import AddNote\nclass Find(dify_plugin.Tool): pass\n"},
        "class-several",
        "tools/find.yaml",
        "source:",
    ),
    Broken("syntax error", {"tools/base.py": "a = 1\ndef f(:\n"}, "python-syntax", "tools/base.py", "def f("),
    # dependencies, documents and other files
    Broken("no requirements", {"requirements.txt": None}, "requirements-missing", "."),
    Broken(
        "requirement without a version",
        {"requirements.txt": ("urllib3==2.6.2", "urllib3")},
        "requirement-unbound",
        "requirements.txt",
        "urllib3",
    ),
    Broken(
        "requirement without an end",
        {"requirements.txt": ("==2.6.2", ">=2")},
        "requirement-open",
        "requirements.txt",
        "urllib3",
        ADVICE,
    ),
    Broken(
        "requirement from a repository",
        {"requirements.txt": ("urllib3==2.6.2", "urllib3 @ git+https://x.test/u")},
        "requirement-source",
        "requirements.txt",
        "urllib3",
    ),
    Broken("no SDK", {"requirements.txt": ("dify-plugin>=0.9.0,<0.11\n", "")}, "sdk-missing", "requirements.txt"),
    Broken("old SDK", {"requirements.txt": (">=0.9.0", ">=0.7.4")}, "sdk-old", "requirements.txt", "dify-plugin"),
    Broken("no README", {"README.md": None}, "readme-missing", "README.md"),
    Broken("README in Chinese", {"README.md": ("Keeps notes.", "记笔记。")}, "readme-english", "README.md", "记"),
    Broken("README without a link", {"README.md": ("https://github.com", "at home")}, "readme-repository", "README.md"),
    Broken(
        "README of another language at the root",
        {"README_zh_Hans.md": "笔记"},
        "readme-place",
        "README_zh_Hans.md",
        "",
        ADVICE,
    ),
    Broken("no policy", {"PRIVACY.md": None}, "privacy-missing", "PRIVACY.md"),
    Broken(
        "template policy",
        {"PRIVACY.md": "!!! Please fill in the privacy policy of the plugin.\n"},
        "privacy-template",
        "PRIVACY.md",
        "!!!",
    ),
    Broken("empty policy", {"PRIVACY.md": " \n"}, "privacy-template", "PRIVACY.md"),
    Broken("secrets file", {".env": "A=1\n"}, "secret-file", ".env"),
    Broken("key file", {"keys/private.pem": "x\n"}, "secret-file", "keys/private.pem"),
    Broken(
        "token in a source",
        {"tools/base.py": "a = 1\nb = 'ghp_" + "a1" * 18 + "'\n"},
        "secret-in-file",
        "tools/base.py",
        "b =",
    ),
    Broken(
        "random value",
        {"conf.yaml": "a: 1\napi_key: q7Zp0Lw3Xv9Tn2Rk5Yb8Hc1Md4Js6Gf\n"},
        "secret-in-file",
        "conf.yaml",
        "api_key",
    ),
    Broken("log file", {"run.log": "x\n"}, "development-file", "run.log"),
    Broken("binary", {"lib/native.so": b"\x7fELF..."}, "binary", "lib/native.so"),
    Broken("binary in disguise", {"lib/data.txt": b"\x7fELF..."}, "binary", "lib/data.txt"),
    Broken("script", {"run.sh": "ls\n"}, "file-reviewed", "run.sh", "", ADVICE),
    Broken(
        "negated pattern",
        {".difyignore": "*.txt\n!requirements.txt\n"},
        "ignore-negation",
        ".difyignore",
        "!req",
        ADVICE,
    ),
]


def test_the_good_plugin_is_clean(tmp_path: Path) -> None:
    """A plugin that breaks no rule gets neither an error nor advice."""
    assert verify(written(tmp_path)) == []


@pytest.mark.parametrize("broken", BROKEN, ids=[f"{index}-{each.name}" for index, each in enumerate(BROKEN)])
def test_the_rule_is_named_with_its_line(broken: Broken, tmp_path: Path) -> None:
    """Each broken plugin gets the problem of its rule, at its line, with what to do; none twice."""
    folder = written(tmp_path, broken.changes)
    problems = verify(folder)
    mine = [problem for problem in problems if problem.rule == broken.rule]
    assert mine, f"no {broken.rule}, but {[(each.rule, each.where) for each in problems]}"
    where = f"{broken.file}:{line_of(folder, broken.file, broken.text)}" if broken.text else broken.file
    pointers = [each.where for each in mine]
    assert any(pointer == where or pointer.startswith(f"{where}:") for pointer in pointers), (where, pointers)
    assert all(each.expected and each.seen and each.advice for each in mine)
    assert broken.level in {each.level for each in mine}
    assert len(set(problems)) == len(problems)


@pytest.mark.parametrize("broken", BROKEN, ids=[f"{index}-{each.name}" for index, each in enumerate(BROKEN)])
def test_one_fault_is_one_or_few_problems(broken: Broken, tmp_path: Path) -> None:
    """A single fault is not told more than three times, other than by what follows from it."""
    errors = [each for each in verify(written(tmp_path, broken.changes)) if each.level is Level.ERROR]
    assert len(errors) <= 3, [(each.rule, each.where) for each in errors]


def test_rules_of_the_marketplace_are_advice_for_others(tmp_path: Path) -> None:
    """Without contact and policy, a plugin for a host of one's own has advice where a submission has errors."""
    folder = written(tmp_path, {M: ("contact: someone@example.org\n", ""), "PRIVACY.md": None})
    levels = {each: {problem.level for problem in verify(folder, audience=each)} for each in Audience}
    assert levels == {
        Audience.MARKETPLACE: {Level.ERROR},
        Audience.SELF_HOSTED: {Level.ADVICE},
        Audience.FIRST_PARTY: {Level.ADVICE},
    }


def test_a_base_class_of_the_plugin_is_followed(tmp_path: Path) -> None:
    """A tool may derive from the plugin's own base class when that is not in the module's namespace itself."""
    folder = written(
        tmp_path,
        {
            "tools/base.py": "from dify_plugin import Tool\n\nclass Base(Tool):\n    pass\n\n\nshorten = str\n",
            "tools/find.py": "from tools import base\n\n\nclass FindNote(base.Base):\n    pass\n",
        },
    )
    assert verify(folder) == []


def test_folders_and_packages_are_judged_alike(tmp_path: Path) -> None:
    """The problems of a package are those of the folder that it was made of."""
    from memconform.dify.packaging.contents import read
    from memconform.dify.packaging.packing import zipped

    folder = written(tmp_path / "notes", {M: ("author: someone", "author: Someone")})
    package = tmp_path / "notes.difypkg"
    package.write_bytes(zipped(read(folder).files))
    assert verify(package) == verify(folder) != []
