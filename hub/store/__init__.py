"""Where records and pictures lie: the one writer, the readers, the picture files."""
