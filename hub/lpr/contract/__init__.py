"""What licence-plate cameras send and what it becomes."""
