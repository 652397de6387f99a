"""Reads people's files: the values of cells, the columns of a table, and common layouts."""
