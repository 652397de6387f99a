"""The tables that the first migration makes, by subject. They stand as they were: later migrations change them."""
