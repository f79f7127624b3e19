"""An exchange as it is shown: request and answer side by side."""

from __future__ import annotations

from markupsafe import Markup, escape

from memconform.specification.reading import Exchange


def exchange_markup(exchange: Exchange) -> Markup:
    """Return an exchange as a figure: what it shows, the request, the answer."""
    figure = Markup(
        '<figure class="exchange" id="example-{name}"><figcaption>{says}</figcaption>'
        '<div class="wire"><pre>{request}</pre><pre>{response}</pre></div></figure>'
    )
    return figure.format(
        name=exchange.name,
        says=exchange.says,
        request=_message(exchange.request),
        response=_message(exchange.response),
    )


def _message(message: str) -> Markup:
    """Return a message with its first line and the names of its header fields marked."""
    head, separator, body = message.rstrip("\n").partition("\n\n")
    first, *fields = head.split("\n")
    lines = [Markup("<b>{}</b>").format(first)]
    for each in fields:
        name, _, value = each.partition(":")
        lines.append(Markup("<i>{}:</i>{}").format(name, value))
    return Markup("\n").join(lines) + escape(separator + body)
