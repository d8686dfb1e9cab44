"""People's accounts with their roles, their sessions, and the audit log of who changed what."""
