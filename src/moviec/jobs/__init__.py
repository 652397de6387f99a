"""What goes on by itself: the worker with its followers and schedules, and what watches over all."""
