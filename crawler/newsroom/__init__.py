"""The newsroom: outlets of our own on loopback, which behave like sites; the demo's world, and the tests'."""
