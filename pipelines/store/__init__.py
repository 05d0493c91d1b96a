"""SQL, one module a subject, beside the rows it maps; the only part of the core that talks to Postgres."""
