"""AprilTag boards and their games: readings, sessions, pictures of boards, tags that the hub sees itself."""
