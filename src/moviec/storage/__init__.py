"""Files that appear whole and are checked when read, local or remote; transports and their retries."""
