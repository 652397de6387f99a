"""Recognising the same film across sources that share no id: records of a catalogue, and with `link` two lists in files."""
