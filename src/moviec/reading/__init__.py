"""Reading what people have: the values that cells hold, the columns of a table, and the layouts that many people's files share."""
