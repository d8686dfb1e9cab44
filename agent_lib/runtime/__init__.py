"""What every part of the agent stands on: supervised threads, the instance lock, memory limits and network addresses."""
