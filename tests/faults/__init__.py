"""Kill it, race it, change the source under it: by seeds, and count what is lost or doubled. ``make faults``."""
