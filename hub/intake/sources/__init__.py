"""Where a connector's records are read: a file per kind of source behind one port."""
