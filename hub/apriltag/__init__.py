"""AprilTag boards and games: readings, sessions, pictures of boards, tag detection in the hub."""
