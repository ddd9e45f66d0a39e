"""Everything that people see: progress, tables, charts and figures."""
