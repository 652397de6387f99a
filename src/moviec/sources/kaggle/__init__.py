"""Kaggle's "The Movies Dataset": movies_metadata.csv, with credits.csv and keywords.csv where delivered."""
