"""``slowfast-stack probe``: the hosts as they are."""

from __future__ import annotations

from slowfast_stack.cli import options
from slowfast_stack.cli.base import HostCommand, Verbs
from slowfast_stack.orchestration import api, playbooks
from slowfast_stack.ui import host_summary

verbs = Verbs()


@verbs.add(
    "probe",
    "probe -i inventories/example --limit gpu",
    "probe --json | jq '.hosts[].gpus'",
    changes="nothing.",
)
def probe(*, hosts: options.Hosts, prefix: options.Prefix = None) -> int:
    """Read the hosts as they are.

    Reads GPUs by their PCI ids, so no driver is needed, and everything else that a plan
    depends on.
    """
    command = HostCommand(hosts, playbooks.PROBE)
    results = command.call(api.probe, prefix=prefix)
    return command.report(results, host_summary.text)
