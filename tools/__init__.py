"""What maintainers run: lists made from the metadata of what is installed."""
