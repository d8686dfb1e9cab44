"""What stations send and what it becomes."""
