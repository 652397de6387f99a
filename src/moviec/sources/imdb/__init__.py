"""IMDb's non-commercial datasets: title.basics, with ratings, crew, names, akas and principals where delivered."""
