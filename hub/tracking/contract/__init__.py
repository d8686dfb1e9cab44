"""The messages of tracking clients and the replies to them (docs/wire/tracking.md)."""
