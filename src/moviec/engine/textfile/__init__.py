"""Text files of rows: every row read or refused with its line and its text, whatever the file contains."""
