"""The CI files of a project: a workflow for GitHub, a job for GitLab."""

from __future__ import annotations

import json
import re

import yaml

from memconform.environment import memconform_version
from memconform.project.answers import Answers
from memconform.project.seen import Seen

_RESULTS = "memconform-results"
_GITHUB = """\
# Written by 'memconform init'. What is judged, and how, stands in the configuration ({place}).
name: memconform
on:
  push:{branches}
  pull_request:
permissions:
  contents: read
jobs:
  conformance:
    runs-on: ubuntu-latest
    timeout-minutes: 20
    env:
      MEMCONFORM_API_KEY: ${{{{ secrets.MEMCONFORM_API_KEY }}}} # empty for a server that is open to everybody
      MEMCONFORM_SECOND_API_KEY: ${{{{ secrets.MEMCONFORM_SECOND_API_KEY }}}} # another principal's, for tenancy
    steps:
      - uses: actions/checkout@v4
{steps}
"""
_BY_ACTION = """\
      - uses: {action}
"""
_BY_PIP = """\
      - name: Install memconform
        run: |
          python3 -m venv "$RUNNER_TEMP/memconform"
          "$RUNNER_TEMP/memconform/bin/pip" install --quiet '{package}'
      - name: Judge the server
        run: >-
          "$RUNNER_TEMP/memconform/bin/memconform" check --markdown "$GITHUB_STEP_SUMMARY"
          --json {results}/conformance.json --html {results}/conformance.html --junit {results}/junit.xml
          --start-log {results}/server.log
      - if: always()
        uses: actions/upload-artifact@v4
        with:
          name: memconform
          path: {results}
          if-no-files-found: ignore
"""
_GITLAB = """\
# Written by 'memconform init'. What is judged, and how, stands in the configuration ({place}).
# Keys are masked CI/CD variables: MEMCONFORM_API_KEY, and MEMCONFORM_SECOND_API_KEY of another principal for tenancy.
memconform:
  image: {image}
  before_script:
{before}
  script:
    - python3 -m venv .memconform
    - .memconform/bin/pip install --quiet '{package}'
    - >-
      .memconform/bin/memconform check --json {results}/conformance.json --html {results}/conformance.html
      --junit {results}/junit.xml --start-log {results}/server.log
  artifacts:
    when: always
    expire_in: 30 days
    paths:
      - {results}/
    reports:
      junit: {results}/junit.xml
"""
_PYTHON = """\
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
"""
_NODE = """\
      - uses: actions/setup-node@v4
        with:
          node-version: lts/*
"""


def github(seen: Seen, answers: Answers) -> str:
    """Return the workflow: it installs what the server needs, judges it, and keeps the reports."""
    steps = _NODE + _PYTHON if seen.language == "node" else _PYTHON
    if answers.start:
        steps += "".join(f"      - run: {command}\n" for command in seen.install)
        steps += "" if seen.install else "      # Install here what the server needs.\n"
    if answers.action:
        steps += _BY_ACTION.format(action=answers.action)
    else:
        steps += _BY_PIP.format(package=_package(), results=_RESULTS)
    return _GITHUB.format(place=answers.place, branches=_branches(seen.branch), steps=steps.rstrip("\n"))


def gitlab(seen: Seen, answers: Answers) -> str:
    """Return the file with the job, which .gitlab-ci.yml includes."""
    node = seen.language == "node"
    before = ["apt-get update -q && apt-get install -q -y python3-venv"] if node else []
    before += seen.install if answers.start else ()
    return _GITLAB.format(
        place=answers.place,
        image="node:lts-bookworm" if node else "python:3.12-slim",
        before="\n".join(f"    - {command}" for command in before or ["echo 'install here what the server needs'"]),
        package=_package(),
        results=_RESULTS,
    )


def gitlab_include(job: str) -> str:
    """Return a .gitlab-ci.yml that does nothing but include the job."""
    return f"include:\n  - local: {job}\n"


def _package() -> str:
    version = memconform_version()
    return "memconform" if "+" in version else f"memconform=={version}"


def _branches(branch: str | None) -> str:
    """Return the filter of pushes, in which a name is a pattern; nothing where every branch is meant."""
    if branch is None:
        return ""
    pattern = re.sub(r"([+!])", r"\\\1", branch)
    plain = re.fullmatch(r"[A-Za-z][\w./-]*", pattern) and yaml.safe_load(pattern) == pattern
    return f"\n    branches: [{pattern if plain else json.dumps(pattern, ensure_ascii=False)}]"
