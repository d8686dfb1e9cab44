"""Storage of records and pictures: the database behind an interface, the one writer, the readers, picture files."""
