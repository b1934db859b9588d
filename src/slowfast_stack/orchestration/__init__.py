"""Run playbooks and programs, and follow them: Ansible, processes, run state, logs."""
