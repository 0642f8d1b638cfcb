"""What the machine beneath is and allows: CPUs, container, heat, processes. Read, never set."""
