"""What goes on by itself: the standing worker with its followers and schedules, and what watches over all."""
