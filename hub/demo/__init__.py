"""The made-up city: five departments' systems with the faults that such systems have, and what the truth is."""
