"""Units of whole numbers that stand for fractions."""

#: Popularity, probabilities and weights are kept in millionths.
MILLION = 1_000_000
