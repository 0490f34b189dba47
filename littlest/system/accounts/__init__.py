"""Unix accounts and groups of users: made, limited, and taken back."""
