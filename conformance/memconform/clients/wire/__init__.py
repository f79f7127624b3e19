"""The wire side of client conformance: a front that sees every request and can misbehave, and judges of requests."""

from memconform.clients.wire.answers import Answer, Changed, Late, Reply, json_reply, problem
from memconform.clients.wire.catalogue import FAULTS, Fault, http_date
from memconform.clients.wire.credentials import SHORTEST_KEY, credentials_elsewhere
from memconform.clients.wire.faults import Close, Drip, Garbage, Hang, NeverCloses, Reset
from memconform.clients.wire.floods import BodyFlood, HeaderFlood
from memconform.clients.wire.front import Front
from memconform.clients.wire.refusing import refusing_url
from memconform.clients.wire.request_judge import RequestJudge
from memconform.clients.wire.seen import NOT_JSON, Opened, Seen
from memconform.clients.wire.wrong_replies import (
    Html,
    Redirect,
    Truncated,
    with_unknown_members,
    with_unknown_profiles,
    with_wrong_media_type,
    with_wrong_types,
)

__all__ = [
    "FAULTS",
    "NOT_JSON",
    "SHORTEST_KEY",
    "Answer",
    "BodyFlood",
    "Changed",
    "Close",
    "Drip",
    "Fault",
    "Front",
    "Garbage",
    "Hang",
    "HeaderFlood",
    "Html",
    "Late",
    "NeverCloses",
    "Opened",
    "Redirect",
    "Reply",
    "RequestJudge",
    "Reset",
    "Seen",
    "Truncated",
    "credentials_elsewhere",
    "http_date",
    "json_reply",
    "problem",
    "refusing_url",
    "with_unknown_members",
    "with_unknown_profiles",
    "with_wrong_media_type",
    "with_wrong_types",
]
