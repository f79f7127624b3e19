"""`python -m memconform_load.calibration --law stall,at=10s,length=2s`: a server with a known truth."""

from __future__ import annotations

import click

from memconform.settings import UsageError
from memconform_load.calibration.laws import LAWS
from memconform_load.calibration.server import serve
from memconform_load.calibration.wording import law_text, parse_law


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--law", default="fixed", metavar="TEXT", help=f"One of {', '.join(LAWS)}, with its parameters.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0 for a free one.")
@click.option("--stdin-is-lifeline", is_flag=True, help="End when the standard input ends.")
def main(law: str, port: int, stdin_is_lifeline: bool) -> None:
    """Answer requests of the memory API, and of GET or POST /work, exactly when a law says so.

    Searches and /work follow the law, everything else is answered at once. The journal tells, for each request, when it
    was there, when its answer was due, and when it was written.

    \b
    --law fixed,delay=20ms                     always the same
    --law bimodal,fast=5ms,slow=80ms,share=10% two kinds
    --law stall,delay=5ms,at=10s,length=2s     stands still once
    --law mm1,mu=100,seed=7                    one queue, exponential service
    --law capacity,rate=340,servers=17         17 servers that do 340 requests a second
    --law dies,delay=5ms,at=10s                gone after 10 s
    --law slows,delay=5ms,by=2ms               2 ms longer with each second
    """  # noqa: D301 - click reads the backspace
    try:
        chosen = parse_law(law)
    except UsageError as error:
        raise click.UsageError(f"--law: {error}") from None
    serve(chosen, law_text(chosen), port, stdin_is_lifeline=stdin_is_lifeline)


if __name__ == "__main__":
    main()
