"""The shell: clock, network, processes. Everything that waits lives here."""
