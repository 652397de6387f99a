"""Money and popularity by genre or production company, by month and year."""
