"""Files that appear whole and are checked when they are read, here or elsewhere; transports and their retries."""
