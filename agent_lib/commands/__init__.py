"""The commands of `agent.py`: run, check and read, one module each. `agent_lib.cli` parses the options."""
