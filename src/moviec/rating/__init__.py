"""The C-rating: how raters rate, what their ratings of a film say together, and how sure that is."""
