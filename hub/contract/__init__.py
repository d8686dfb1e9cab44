"""What every contract is written with: errors, JSON, text, times, plates."""
