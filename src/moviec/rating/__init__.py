"""The C-rating: how raters rate, what their ratings of a film say jointly, and with what certainty."""
