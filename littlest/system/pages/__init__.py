"""The pages that the proxy shows, and the logo."""
