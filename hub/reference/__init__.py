"""Dated reference data: waste codes, regions, units, factors, kinds. Pure: it reads nothing but its own lists."""
