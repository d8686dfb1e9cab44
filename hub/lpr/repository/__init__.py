"""The statements of licence-plate cameras, by what they store and find."""
