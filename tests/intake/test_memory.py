"""Arrow's memory comes from elsewhere while a source is read, and from where it came before afterwards."""

from __future__ import annotations

import pyarrow as pa

from hub.intake.memory import SystemMemory


def test_the_last_one_puts_it_back() -> None:
    """Pulls that overlap leave the pool alone until all have ended."""
    memory, before = SystemMemory(), pa.default_memory_pool().backend_name
    with memory:
        with memory:
            assert pa.default_memory_pool().backend_name == "system"
        assert pa.default_memory_pool().backend_name == "system"
    assert pa.default_memory_pool().backend_name == before
