"""Video sources: cameras, streams and files, each opened and read by a child process of its own."""
