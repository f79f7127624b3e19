"""Imports what every server and every check needs; the self-test's processes are forked from one that did."""

from __future__ import annotations

import importlib

from memconform.contract import requirements, schemas, validator
from memconform.contract.openapi import openapi
from memconform.items import marked, suite_folder

for _name in (
    "httptools",
    "hypothesis.strategies",
    "jsonschema_rs",
    "memconform.cli.check",
    "memconform.report.progress",
    "memconform_server.app",
    "memconform_server.defects",
    "memconform_server.serve",
    "memconform_server.stores.sqlite",
    "memconform_server.variants",
    "pytest",
    "starlette.applications",
    "structlog",
    "uvicorn",
    "wordllama",
):
    importlib.import_module(_name)

requirements()
openapi()
for _schema in schemas():
    validator(_schema)
for _path in suite_folder().glob("test_*.py"):
    list(marked(_path))
importlib.import_module("memconform_server.stores.reference.index").load()
