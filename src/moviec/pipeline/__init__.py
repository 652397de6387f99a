"""Puts the stages together: the only place where they meet."""
