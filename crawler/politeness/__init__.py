"""What we owe a host: robots.txt, a gap between requests, silence when it asks for it."""
