"""What people see of a run: live progress, plain lines, tables."""
