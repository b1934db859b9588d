"""``slowfast-stack probe``: the hosts as they are."""

from __future__ import annotations

from slowfast_stack import options, playbooks, report, screen
from slowfast_stack.progress import HostRun
from slowfast_stack.session import Session

EXAMPLES = """
slowfast-stack probe
slowfast-stack probe -i inventories/example --limit gpu
slowfast-stack probe --json | jq '.hosts[].gpus'
"""


def probe(
    *,
    inventory: options.Inventory = None,
    limit: options.Limit = None,
    prefix: options.Prefix = None,
    json: options.AsJson = False,
    verbose: options.Verbose = 0,
) -> int:
    """Read hosts as they are.

    Looks at GPUs by their PCI ids, so no driver is needed, and at all that a plan
    depends on. Changes nothing.
    """
    from slowfast_stack import describe, here  # noqa: PLC0415  (they bring urllib: 50 ms)

    if inventory is None:
        runs = [HostRun(here.NAME, facts={"stack_host": here.host(prefix, {})})]
    else:
        play = playbooks.play("plan", inventory, limit=limit, prefix=prefix)
        session = Session(screen.console(as_json=json), verbose)
        runs = session.follow(play, "probe", steps=("probe", "plan"))
    found = report.facts(runs, "stack_host")
    if json:
        screen.emit(found, errors=report.errors(runs, "stack_host"))
    else:
        print("\n".join(describe.host(name, host) for name, host in found.items()))
    report.complain(runs, "stack_host")
    return report.exit_code(runs, "stack_host")
