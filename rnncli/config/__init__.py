"""YAML files to validated configs, and back."""
