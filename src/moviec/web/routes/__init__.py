"""The routes of the API: one module per family of endpoints, each with its ROUTES."""
