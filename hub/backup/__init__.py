"""Backups of an instance folder, their restoration, and the check of everything that is stored."""
