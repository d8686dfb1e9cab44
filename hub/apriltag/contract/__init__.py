"""What AprilTag boards send and what it becomes (docs/wire/apriltag.md 1.1, 5.6)."""
