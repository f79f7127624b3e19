"""Rules of the files as such: no secrets, no traces of development, no binaries, not too many."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from memconform.dify.packaging.contents import COUNT
from memconform.dify.packaging.declared import Declared
from memconform.dify.packaging.limits import MOST_FILES, MOST_TEXT_BYTES
from memconform.dify.packaging.problem import Authority, Problem, Rule

SECRET_FILE = Rule(
    "secret-file", Authority.SAFETY, "move it out of the folder, or name it in .difyignore: everyone could read it"
)
SECRET = Rule("secret-in-file", Authority.MARKETPLACE, "remove it, and revoke it where it was issued if it is real")
TRACE = Rule("development-file", Authority.MARKETPLACE, "name it in .difyignore")
BINARY = Rule("binary", Authority.MARKETPLACE, "depend on a package that brings it; the marketplace takes no binaries")
REVIEWED = Rule("file-reviewed", Authority.PRACTICE, "leave it out unless the plugin needs it; a reviewer will ask")

_ENV_EXAMPLES = {".env.example", ".env.sample", ".env.template"}
_KEY_SUFFIXES = {".pem", ".key", ".p12", ".pfx"}
_FOLDERS = {
    ".git", ".hg", ".svn", ".venv", "venv", "env", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache",
    ".tox", ".nox", ".idea", ".vscode", "node_modules", "pycache",
}  # fmt: skip
_NAMES = {".DS_Store", ".gitconfig", "Thumbs.db", "desktop.ini"}
_SUFFIXES = {".pyc", ".pyo", ".log", ".tmp", ".swp", ".swo", ".bak"}
_REVIEWED = {".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".sh", ".bin", ".run", ".command", ".app"}
_BINARY_SUFFIXES = {".dll", ".dylib", ".exe", ".node", ".pyd", ".so"}
_MACH_O = ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe", "cafebabf")
_MAGIC = {
    b"\x7fELF": "an ELF binary",
    b"MZ": "a Windows binary",
    **dict.fromkeys(map(bytes.fromhex, _MACH_O), "a Mach-O binary"),
}  # fmt: skip
_DAEMON = re.compile(r"dify-plugin-(linux|darwin|windows)-.+", re.IGNORECASE)

_TOKEN = re.compile(
    r"(?P<private_key>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)|\b(?:"
    r"(?P<OpenAI_key>sk-[A-Za-z0-9_-]{20,})|(?P<GitHub_token>gh[pousr]_[A-Za-z0-9_]{20,})"
    r"|(?P<Slack_token>xox[baprs]-[A-Za-z0-9-]{10,})|(?P<AWS_key>AKIA[0-9A-Z]{16})"
    r"|(?P<JSON_web_token>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}))\b"
)
_ASSIGNED = re.compile(
    r"(?i)(api[_-]?key|access[_-]?key|private[_-]?key|token|secret|password)[a-z0-9_.-]{0,40}"
    r"[\"']?[ \t]{0,20}[:=][ \t]{0,20}(\"[^\"\n]{12,200}\"|'[^'\n]{12,200}'|[^\"',\s#}]{12,200})"
)
_CODE_SUFFIXES = {".py", ".js", ".ts", ".go", ".java", ".rb", ".rs", ".php", ".c", ".h", ".cpp", ".cs"}


def judge(plugin: Declared) -> Iterator[Problem]:
    """Yield the problems of all files."""
    files = plugin.contents.files
    if len(files) > MOST_FILES:
        yield COUNT.broken(".", f"at most {MOST_FILES:,} files", f"{len(files):,}")
    folders: set[str] = set()
    for path, data in files.items():
        yield from _kind(PurePosixPath(path), data, folders)
        if len(data) <= MOST_TEXT_BYTES and b"\0" not in data[:4096]:
            yield from _secrets(path, data.decode("utf-8", "replace"))


def _kind(path: PurePosixPath, data: bytes, folders: set[str]) -> Iterator[Problem]:
    """Yield what a file's name and first bytes say; each folder of development once."""
    where, name, suffix = str(path), path.name, path.suffix.lower()
    blocked = next((index for index, part in enumerate(path.parts[:-1]) if part in _FOLDERS), None)
    if blocked is not None:
        folder = "/".join(path.parts[: blocked + 1])
        if folder not in folders:
            yield TRACE.broken(f"{folder}/", "what the plugin needs at run time", "a folder of development")
        folders.add(folder)
        return
    is_env = name == ".env" or (name.startswith(".env.") and name not in _ENV_EXAMPLES)
    if is_env or suffix in _KEY_SUFFIXES or name in ("id_rsa", "id_ed25519", "id_ecdsa"):
        yield SECRET_FILE.broken(where, "no file that holds secrets", f"{name!r}")
    elif name in _NAMES or suffix in _SUFFIXES:
        yield TRACE.broken(where, "what the plugin needs at run time", f"{name!r}")
    magic = next((meaning for start, meaning in _MAGIC.items() if data.startswith(start)), None)
    if suffix in _BINARY_SUFFIXES or magic or _DAEMON.fullmatch(name):
        authority = Authority.PRACTICE if any(part.endswith(".whl") for part in path.parts) else None
        yield BINARY.broken(where, "source and data", magic or f"{name!r}", authority=authority)
    elif suffix in _REVIEWED:
        yield REVIEWED.broken(where, "files that show what they do", f"{name!r}")


def _secrets(path: str, text: str) -> Iterator[Problem]:
    """Yield the lines that hold what looks like a secret; the secret itself is not shown."""
    is_code = PurePosixPath(path).suffix.lower() in _CODE_SUFFIXES
    found = {_line(text, match): f"what looks like a {match.lastgroup}" for match in _TOKEN.finditer(text)}
    for match in _ASSIGNED.finditer(text):
        name, value = match.groups()
        if (value[0] in "\"'" or not is_code) and _looks_random(value.strip("\"'")):
            found.setdefault(_line(text, match), f"a random value of {name!r}")
    for line, what in found.items():
        yield SECRET.broken(f"{path}:{line}", "no secret", what.replace("_", " "))


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


def _looks_random(value: str) -> bool:
    """Return whether a value has the alphabet and the entropy of a generated secret."""
    lowered = value.lower()
    if lowered.startswith(("http://", "https://", "./", "../", "/", "${", "<")):
        return False
    if "your" in lowered and any(word in lowered for word in ("key", "secret", "token", "password")):
        return False
    if re.fullmatch(r"-?\d+(\.\d+)?", value):
        return False
    if re.fullmatch(r"[0-9a-fA-F]+", value):
        return _entropy(value) >= 3.0
    return re.fullmatch(r"[A-Za-z0-9+/=_.-]+", value) is not None and _entropy(value) >= 4.5


def _entropy(text: str) -> float:
    """Return Shannon's entropy in bits for each character."""
    counts = Counter(text).values()
    return -sum(count / len(text) * math.log2(count / len(text)) for count in counts)
