"""Rotten Tomatoes: the listing (JSON) and the Kaggle table of 22 columns (CSV), either or both."""
