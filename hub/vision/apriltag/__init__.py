"""Detection of AprilTags in pictures, with their pose."""
