"""``slowfast-stack probe``: the hosts as they are."""

from __future__ import annotations

from slowfast_stack.cli import options
from slowfast_stack.orchestration import playbooks, results
from slowfast_stack.orchestration.run_state import HostRun
from slowfast_stack.orchestration.session import Session
from slowfast_stack.ui import terminal

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
    from slowfast_stack.orchestration import localhost
    from slowfast_stack.ui import host_summary

    if inventory is None:
        runs = [HostRun(localhost.NAME, facts={"stack_host": localhost.host(prefix, {})})]
    else:
        play = playbooks.play("plan", inventory, limit=limit, prefix=prefix)
        session = Session(terminal.console(as_json=json), verbose)
        runs = session.follow(play, "probe", steps=("probe", "plan"))
    found = results.facts(runs, "stack_host")
    if json:
        terminal.print_hosts(found, errors=results.errors(runs, "stack_host"))
    else:
        print("\n".join(host_summary.host(name, host) for name, host in found.items()))
    results.print_errors(runs, "stack_host")
    return results.exit_code(runs, "stack_host")
